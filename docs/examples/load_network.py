"""Networks that `bramble fit` saved, as modules of PyTorch; how to use them is in docs/networks.md."""
import h5py
import torch


def tensors(file, group):
    """A state_dict; what is not float32 numbers the rows and columns."""
    return {name: torch.from_numpy(d[:]) for name, d in file["params/" + group].items() if d.dtype == "float32"}


def rest(file):
    """The readout, and the means and deviations (1 x units each) by which inputs are z-scored."""
    weights = tensors(file, "readout")
    readout = torch.nn.Linear(*reversed(weights["weight"].shape))
    readout.load_state_dict(weights)
    return readout, [torch.from_numpy(file["state/" + name][:]) for name in ("mean", "scale")]


def recurrent(path):
    """Body, readout and scale of a saved rnn, gru or lstm."""
    with h5py.File(path) as file:
        cell = getattr(torch.nn, file.attrs["spec"].split(":")[0].upper())
        weights = tensors(file, "rnn")
        hidden, inputs = weights["weight_hh_l0"].shape[1], weights["weight_ih_l0"].shape[1]
        body = cell(inputs, hidden, len(weights) // 4)
        body.load_state_dict(weights)
        return body, *rest(file)


def continuous(path):
    """The same of a saved ctrnn (of any form) or lowrank. The body is a function: rows x inputs to rows x hidden."""
    with h5py.File(path) as file:
        w, spec = tensors(file, "rnn"), file.attrs["spec"]
        readout, scale = rest(file)

    def layer(x, k):
        if f"weight_m_l{k}" in w:
            recurrent = w[f"weight_m_l{k}"] @ w[f"weight_n_l{k}"].T / len(w[f"weight_m_l{k}"])
        else:
            recurrent = w[f"weight_hh_l{k}"]
        hidden = recurrent.shape[1]
        a = torch.sigmoid(w[f"leak_l{k}"]) if f"leak_l{k}" in w else None
        h, rows = torch.zeros(hidden), []
        for drive in x @ w[f"weight_ih_l{k}"].T + w[f"bias_ih_l{k}"] + w[f"bias_hh_l{k}"]:
            gates = (drive + recurrent @ h).split(hidden)
            if "form=cfc" in spec:
                f, other, gate = gates[0].tanh(), gates[1].tanh(), gates[2].sigmoid()
                h = gate * f + (1 - gate) * other
            else:
                rate = (a + gates[1].sigmoid()) / 2 if "form=ltc" in spec else a
                h = (1 - rate) * h + rate * gates[0].tanh()
            rows.append(h)
        return torch.stack(rows)

    def body(x):
        for k in range(sum(name.startswith("weight_ih") for name in w)):
            x = layer(x, k)
        return x

    return body, readout, scale


def encoder(path, heads):
    """The same of a saved encoder or masked-encoder with learned positions. The body is a function of one window:
    rows x inputs, at most as many rows as there are positions."""
    with h5py.File(path) as file:
        embedding, weights = tensors(file, "embedding"), tensors(file, "encoder")
        position, causal = tensors(file, "position")["weight"], file.attrs["spec"].startswith("encoder")
        ff, width = weights["layers.0.linear1.weight"].shape
        layer = torch.nn.TransformerEncoderLayer(width, heads, ff, 0, "gelu", batch_first=True, norm_first=True)
        layers = sum(name.endswith("linear1.weight") for name in weights)
        body = torch.nn.TransformerEncoder(layer, layers, torch.nn.LayerNorm(width))
        body.load_state_dict(weights)
        readout, scale = rest(file)

    def features(z):
        later = torch.full((len(z), len(z)), float("-inf")).triu(1) if causal else None  # rows see those before them
        x = torch.nn.functional.linear(z, embedding["weight"], embedding["bias"]) + position[: len(z)]
        return body(x[None], later)[0]

    return features, readout, scale


def tokens(path, heads):
    """A saved spike-transformer without inputs: a function of one window and its memory. Tokens (the start is number
    `units`) and memory are lists of (neuron, row of the window or rows back, count). It gives log lambda: tokens x
    rows of the window x neurons."""
    with h5py.File(path) as file:
        embedding, memory, weights = (tensors(file, group) for group in ("embedding", "memory", "decoder"))
        read = tensors(file, "readout")
    ff, width = weights["layers.0.linear1.weight"].shape
    layer = torch.nn.TransformerDecoderLayer(width, heads, ff, 0, "gelu", batch_first=True, norm_first=True)
    layers = sum(name.endswith("linear1.weight") for name in weights)
    body = torch.nn.TransformerDecoder(layer, layers, torch.nn.LayerNorm(width))
    body.load_state_dict(weights)

    def embed(token, place):
        unit, row, count = (torch.tensor(column) for column in zip(*token))
        counts = torch.where(unit < len(read["unit.bias"]), count, 1).log()[:, None]
        return embedding["unit.weight"][unit] + place[row] + counts * embedding["count"]

    def log_rates(token, before):
        past = [memory["rest"][None]]
        if before:
            past.append(embed([(n, lag - 1, count) for n, lag, count in before], embedding["lag.weight"]))
        past = torch.nn.functional.layer_norm(torch.cat(past), (width,), memory["norm.weight"], memory["norm.bias"])
        later = torch.full((len(token), len(token)), float("-inf")).triu(1)
        h = body(embed(token, embedding["time.weight"])[None], past[None], later)[0]
        by_unit, by_row = h @ read["unit.weight"].T + read["unit.bias"], h @ read["time.weight"].T + read["time.bias"]
        return by_unit[:, None] + by_row[:, :, None]

    return log_rates

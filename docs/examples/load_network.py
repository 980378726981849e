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


def encoder(path, heads):
    """The same of a saved encoder with learned positions. The body is a function of one window: rows x inputs, at
    most as many rows as there are positions."""
    with h5py.File(path) as file:
        embedding, weights = tensors(file, "embedding"), tensors(file, "encoder")
        position = tensors(file, "position")["weight"]
        ff, width = weights["layers.0.linear1.weight"].shape
        layer = torch.nn.TransformerEncoderLayer(width, heads, ff, 0, "gelu", batch_first=True, norm_first=True)
        layers = sum(name.endswith("linear1.weight") for name in weights)
        body = torch.nn.TransformerEncoder(layer, layers, torch.nn.LayerNorm(width))
        body.load_state_dict(weights)
        readout, scale = rest(file)

    def features(z):
        later = torch.full((len(z), len(z)), float("-inf")).triu(1)  # rows see those before them
        x = torch.nn.functional.linear(z, embedding["weight"], embedding["bias"]) + position[: len(z)]
        return body(x[None], later)[0]

    return features, readout, scale

/*
 * fetch.c - downloads through libcurl; see fetch.h.
 */
#include "fetch.h"

#include "hash.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#if defined(__has_include)
#if __has_include(<curl/curl.h>)
#define HAVE_CURL 1
#endif
#endif

#ifdef HAVE_CURL
#include <curl/curl.h>
#undef curl_easy_setopt /* its checks of types want the function itself */
#undef curl_easy_getinfo

/* ---- the library ---------------------------------------------------------------------------- */

static struct {
    CURLcode (*global_init)(long flags);
    CURL *(*init)(void);
    void (*cleanup)(CURL *curl);
    CURLcode (*setopt)(CURL *curl, CURLoption option, ...);
    CURLcode (*perform)(CURL *curl);
    CURLcode (*getinfo)(CURL *curl, CURLINFO info, ...);
    const char *(*strerror)(CURLcode code);
    bool loaded;
} curl;

static bool find(void *library, void *function, const char *name)
{
    void *symbol = dlsym(library, name);
    memcpy(function, &symbol, sizeof symbol); /* C has no cast from object to function pointers */
    return symbol != NULL;
}

static bool load(void)
{
    if (curl.loaded) return true;
    void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    if (!library) return false;
    curl.loaded = find(library, &curl.global_init, "curl_global_init") &&
                  find(library, &curl.init, "curl_easy_init") &&
                  find(library, &curl.cleanup, "curl_easy_cleanup") &&
                  find(library, &curl.setopt, "curl_easy_setopt") &&
                  find(library, &curl.perform, "curl_easy_perform") &&
                  find(library, &curl.getinfo, "curl_easy_getinfo") &&
                  find(library, &curl.strerror, "curl_easy_strerror") &&
                  curl.global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    if (!curl.loaded) dlclose(library);
    return curl.loaded;
}

bool bram_fetch_available(void)
{
    return load();
}

/* ---- the part ------------------------------------------------------------------------------- */

/* One file being fetched. */
struct fetching {
    bram_ctx *cx;
    const bram_fetch *what;
    char *part;
    int fd;
    uint64_t held;   /* bytes of the part */
    uint64_t asked;  /* where the range of this try begins */
    bool begun;      /* the answer's body has begun */
    bool other;      /* it is another range than was asked for */
    bool anew;       /* what was held has been given up */
    int write_error; /* errno */
    CURL *handle;
    char error[CURL_ERROR_SIZE];
};

/* Two processes must not write one part. */
static int open_part(struct fetching *f)
{
    struct stat s;
    f->fd = open(f->part, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (f->fd < 0 || fstat(f->fd, &s) != 0 || !S_ISREG(s.st_mode))
        return bram_fail(f->cx, BRAM_EWRITE, "cannot write %s: %s", f->part, strerror(errno));
    if (flock(f->fd, LOCK_EX | LOCK_NB) != 0)
        return bram_fail(f->cx, BRAM_EWRITE, "%s: another process is writing it", f->part);
    f->held = (uint64_t)s.st_size;
    return BRAM_OK;
}

static int begin_anew(struct fetching *f)
{
    f->held = 0;
    f->anew = true;
    if (ftruncate(f->fd, 0) == 0 && lseek(f->fd, 0, SEEK_SET) == 0) return BRAM_OK;
    return bram_fail(f->cx, BRAM_EWRITE, "cannot write %s: %s", f->part, strerror(errno));
}

static int check_room(struct fetching *f)
{
    struct statvfs v;
    if (!f->what->bytes || f->held >= f->what->bytes || fstatvfs(f->fd, &v) != 0) return BRAM_OK;
    double need = (double)(f->what->bytes - f->held),
           room = (double)v.f_bavail * (double)v.f_frsize;
    if (need <= room) return BRAM_OK;
    return bram_fail(f->cx, BRAM_EWRITE, "%s: %.0f MB are needed, the disk has %.0f MB free",
                     f->what->path, need / 1e6, room / 1e6);
}

/* ---- what libcurl calls --------------------------------------------------------------------- */

static size_t take_header(char *line, size_t size, size_t count, void *user)
{
    struct fetching *f = user;
    size_t n = size * count;
    static const char range[] = "content-range: bytes ";
    if (n > 5 && strncmp(line, "HTTP/", 5) == 0) f->other = f->asked > 0; /* until it says so */
    if (n > sizeof range && strncasecmp(line, range, sizeof range - 1) == 0)
        f->other = strtoull(line + sizeof range - 1, NULL, 10) != f->asked;
    return n;
}

/* A server that knows no ranges sends the whole: the part is begun anew. */
static bool begin_body(struct fetching *f)
{
    f->begun = true;
    if (strncmp(f->what->url, "file:", 5) == 0 || !f->other) return true;
    return begin_anew(f) == BRAM_OK;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *user)
{
    struct fetching *f = user;
    size_t n = size * count, done = 0;
    if (!f->begun && !begin_body(f)) return 0;
    while (done < n) {
        ssize_t wrote = write(f->fd, bytes + done, n - done);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote <= 0) {
            f->write_error = errno;
            return 0;
        }
        done += (size_t)wrote;
        f->held += (uint64_t)wrote;
    }
    return n;
}

static int watch(void *user, curl_off_t total, curl_off_t now, curl_off_t up, curl_off_t up_now)
{
    (void)up, (void)up_now, (void)now;
    struct fetching *f = user;
    double all = f->what->bytes ? (double)f->what->bytes : (double)total + (double)f->asked;
    const char *slash = strrchr(f->what->path, '/');
    bram_ctx_progress(f->cx, slash ? slash + 1 : f->what->path, (double)f->held, all);
    return bram_ctx_check_cancel(f->cx) != BRAM_OK;
}

/* ---- one try -------------------------------------------------------------------------------- */

static double stall_of(const struct fetching *f)
{
    double stall = f->what->stall > 0 ? f->what->stall : 60;
    return stall < 1 ? 1 : floor(stall);
}

static bool set_options(struct fetching *f)
{
    char range[32];
    CURL *h = f->handle;
    snprintf(range, sizeof range, "%" PRIu64 "-", f->asked);
    return curl.setopt(h, CURLOPT_URL, f->what->url) == CURLE_OK &&
           curl.setopt(h, CURLOPT_PROTOCOLS_STR, "http,https,file") == CURLE_OK &&
           curl.setopt(h, CURLOPT_REDIR_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl.setopt(h, CURLOPT_FOLLOWLOCATION, 1L) == CURLE_OK &&
           curl.setopt(h, CURLOPT_MAXREDIRS, 10L) == CURLE_OK &&
           curl.setopt(h, CURLOPT_FAILONERROR, 1L) == CURLE_OK &&
           curl.setopt(h, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl.setopt(h, CURLOPT_CONNECTTIMEOUT, 30L) == CURLE_OK &&
           curl.setopt(h, CURLOPT_LOW_SPEED_LIMIT, 1L) == CURLE_OK &&
           curl.setopt(h, CURLOPT_LOW_SPEED_TIME, (long)stall_of(f)) == CURLE_OK &&
           curl.setopt(h, CURLOPT_USERAGENT, "bramble") == CURLE_OK &&
           curl.setopt(h, CURLOPT_ERRORBUFFER, f->error) == CURLE_OK &&
           curl.setopt(h, CURLOPT_HEADERFUNCTION, take_header) == CURLE_OK &&
           curl.setopt(h, CURLOPT_HEADERDATA, f) == CURLE_OK &&
           curl.setopt(h, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK &&
           curl.setopt(h, CURLOPT_WRITEDATA, f) == CURLE_OK &&
           curl.setopt(h, CURLOPT_NOPROGRESS, 0L) == CURLE_OK &&
           curl.setopt(h, CURLOPT_XFERINFOFUNCTION, watch) == CURLE_OK &&
           curl.setopt(h, CURLOPT_XFERINFODATA, f) == CURLE_OK &&
           (!f->asked || curl.setopt(h, CURLOPT_RANGE, range) == CURLE_OK);
}

/* "https://host:80/path" gives "host:80". */
static const char *host_of(const char *url, int *length)
{
    const char *host = strstr(url, "://");
    host = host ? host + 3 : url;
    *length = (int)strcspn(host, "/?#");
    return host;
}

/* The message of a try that failed. @return the status; *again: it may pass */
static int explain(struct fetching *f, CURLcode code, bool *again)
{
    int length = 0;
    long http = 0;
    const char *url = f->what->url, *host = host_of(url, &length);
    const char *why = f->error[0] ? f->error : curl.strerror(code);
    curl.getinfo(f->handle, CURLINFO_RESPONSE_CODE, &http);
    *again = false;
    if (bram_ctx_check_cancel(f->cx) != BRAM_OK) return BRAM_ECANCEL;
    if (f->write_error)
        return bram_fail(f->cx, BRAM_EWRITE, "cannot write %s: %s", f->part,
                         strerror(f->write_error));
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        return bram_fail(f->cx, BRAM_EREAD, "%s: there is no host %.*s, or this machine is offline",
                         url, length, host);
    case CURLE_COULDNT_CONNECT:
        *again = true;
        return bram_fail(f->cx, BRAM_EREAD, "%s: %.*s does not answer", url, length, host);
    case CURLE_FILE_COULDNT_READ_FILE:
        return bram_fail(f->cx, BRAM_EREAD, "%s: no such file", url);
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
        return bram_fail(f->cx, BRAM_EREAD,
                         "%s: found no address of http, https or file, or one "
                         "that leads to another kind",
                         url);
    case CURLE_TOO_MANY_REDIRECTS:
        return bram_fail(f->cx, BRAM_EREAD, "%s: more than 10 redirections", url);
    case CURLE_HTTP_RETURNED_ERROR:
        *again = http == 408 || http == 429 || http >= 500;
        return bram_fail(f->cx, BRAM_EREAD, "%s: the server says HTTP %ld%s", url, http,
                         http == 401 || http == 403 ? ": it wants a login, or a browser"
                         : http == 404              ? ": no such file"
                                                    : "");
    case CURLE_OPERATION_TIMEDOUT:
        *again = true;
        return bram_fail(f->cx, BRAM_EREAD,
                         "%s: the transfer stands still at byte %" PRIu64
                         ": nothing came for %.0f s",
                         url, f->held, stall_of(f));
    case CURLE_PEER_FAILED_VERIFICATION:
        return bram_fail(f->cx, BRAM_EREAD, "%s: the certificate of %.*s is not good: %s", url,
                         length, host, why);
    default:
        *again = true;
        return bram_fail(f->cx, BRAM_EREAD, "%s: the transfer broke off at byte %" PRIu64 " (%s)",
                         url, f->held, why);
    }
}

static int try_once(struct fetching *f, bool *again)
{
    f->begun = f->other = false;
    f->error[0] = 0;
    *again = false;
    if (f->what->bytes && f->held > f->what->bytes) BRAM_TRY(begin_anew(f));
    if (f->what->bytes && f->held == f->what->bytes) return BRAM_OK;
    if (lseek(f->fd, (off_t)f->held, SEEK_SET) < 0)
        return bram_fail(f->cx, BRAM_EWRITE, "cannot write %s: %s", f->part, strerror(errno));
    BRAM_TRY(check_room(f));
    f->asked = f->held;
    f->handle = curl.init();
    if (!f->handle) return bram_fail(f->cx, BRAM_ENOMEM, "no memory to fetch %s", f->what->url);
    if (!set_options(f)) {
        curl.cleanup(f->handle);
        return bram_fail(f->cx, BRAM_EINTERNAL, "libcurl does not take an option");
    }
    long http = 0;
    CURLcode code = curl.perform(f->handle);
    curl.getinfo(f->handle, CURLINFO_RESPONSE_CODE, &http);
    int status = BRAM_OK;
    if (code == CURLE_HTTP_RETURNED_ERROR && http == 416 && f->asked) {
        status = begin_anew(f); /* the part is no beginning of what is there now */
        *again = status == BRAM_OK;
        if (*again) status = bram_fail(f->cx, BRAM_EREAD, "%s: HTTP 416", f->what->url);
    } else if (code != CURLE_OK) status = explain(f, code, again);
    curl.cleanup(f->handle);
    f->handle = NULL;
    if (status == BRAM_OK && f->what->bytes && f->held < f->what->bytes) {
        *again = true; /* a server that states no length just stops */
        status = bram_fail(f->cx, BRAM_EREAD,
                           "%s: the transfer ended at byte %" PRIu64 " of %" PRIu64, f->what->url,
                           f->held, f->what->bytes);
    }
    return status;
}

static int wait_for(struct fetching *f, double seconds)
{
    enum { TENTH = 100000000 }; /* nanoseconds: how soon a request to stop is seen */
    for (long left = (long)ceil(10 * seconds); left > 0; left--) {
        BRAM_TRY(bram_ctx_check_cancel(f->cx));
        nanosleep(&(struct timespec){.tv_nsec = TENTH}, NULL);
    }
    return BRAM_OK;
}

/* ---- all tries, and what came of them ------------------------------------------------------- */

/* Size and sum of what is on the disk. @return BRAM_EFORMAT when one is another */
static int verify(bram_ctx *cx, char sha256[65], const bram_fetch *w, const char *path)
{
    struct stat s;
    if (stat(path, &s) != 0) return bram_fail(cx, BRAM_EREAD, "%s: %s", path, strerror(errno));
    if (w->bytes && (uint64_t)s.st_size != w->bytes)
        return bram_fail(cx, BRAM_EFORMAT, "%s: found %lld bytes, expected %" PRIu64, w->url,
                         (long long)s.st_size, w->bytes);
    BRAM_TRY(bram_sha256_file(cx, sha256, path));
    if (w->sha256 && strcmp(sha256, w->sha256) != 0)
        return bram_fail(cx, BRAM_EFORMAT, "%s: found SHA-256 %s, expected %s", w->url, sha256,
                         w->sha256);
    return BRAM_OK;
}

static int finish(struct fetching *f, bram_fetched *out)
{
    int status = verify(f->cx, out->sha256, f->what, f->part);
    if (status == BRAM_EFORMAT) unlink(f->part); /* nothing to go on with */
    BRAM_TRY(status);
    if (fsync(f->fd) != 0 || rename(f->part, f->what->path) != 0)
        return bram_fail(f->cx, BRAM_EWRITE, "cannot write %s: %s", f->what->path, strerror(errno));
    return BRAM_OK;
}

static int try_all(struct fetching *f, bram_fetched *out)
{
    unsigned most = f->what->tries ? f->what->tries : 5;
    double wait = f->what->wait > 0 ? f->what->wait : 1;
    bool again = true;
    out->resumed = f->held;
    for (out->tries = 1;; out->tries++) {
        int status = try_once(f, &again);
        if (f->anew) out->resumed = 0;
        if (status == BRAM_OK) return BRAM_OK;
        if (!again || out->tries == most)
            return again && most > 1 ? bram_fail_prefix(f->cx, status, "after %u tries", most)
                                     : status;
        BRAM_TRY(wait_for(f, wait));
        wait *= 2;
    }
}

/* A part of an earlier fetch may be of another file: then all is fetched once more. */
static int fetch_part(struct fetching *f, bram_fetched *out)
{
    for (int pass = 0;; pass++) {
        int status = open_part(f);
        uint64_t before = f->held;
        if (status == BRAM_OK) status = try_all(f, out);
        if (status == BRAM_OK) status = finish(f, out);
        if (f->fd >= 0) close(f->fd);
        f->fd = -1;
        if (status != BRAM_EFORMAT || pass || !before || !out->resumed) return status;
    }
}

int bram_fetch_file(bram_ctx *cx, bram_fetched *out, const bram_fetch *what)
{
    bram_fetched got = {.present = false};
    if (access(what->path, F_OK) == 0) {
        int status = verify(cx, got.sha256, what, what->path);
        if (status == BRAM_EFORMAT && !what->replace)
            return bram_fail(cx, BRAM_EWRITE, "%s is there with other content; --force replaces it",
                             what->path);
        if (status != BRAM_EFORMAT) {
            BRAM_TRY(status);
            got.present = true;
            *out = got;
            return BRAM_OK;
        }
    }
    if (!load())
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%s cannot be fetched: libcurl.so.4 is absent",
                         what->url);
    struct fetching f = {.cx = cx, .what = what, .fd = -1};
    f.part = bram_strf(cx, "%s.part", what->path);
    int status = f.part ? fetch_part(&f, &got) : BRAM_ENOMEM;
    bram_free(f.part);
    if (status == BRAM_OK) *out = got;
    return status;
}
#else

bool bram_fetch_available(void)
{
    return false;
}

int bram_fetch_file(bram_ctx *cx, bram_fetched *out, const bram_fetch *what)
{
    (void)out;
    return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%s cannot be fetched: built without libcurl",
                     what->url);
}
#endif

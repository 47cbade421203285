#include "tcp.h"

#include "inet.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "errors.h"
#include "handle.h"

/* An attempt to connect. The descriptor stays ours until JavaScript takes it with tcpTake(). */
struct connect_attempt {
  struct handle handle;
  napi_ref on_done;
};

static int set_md5_key(int fd, const struct sockaddr_storage *peer, socklen_t peer_length, int32_t prefix_length,
                       const uint8_t *key, size_t key_length) {
  struct tcp_md5sig request = {0};
  memcpy(&request.tcpm_addr, peer, peer_length);
  /* a key belongs to an address, whatever the port and the link */
  if (peer->ss_family == AF_INET6) {
    ((struct sockaddr_in6 *)&request.tcpm_addr)->sin6_port = 0;
    ((struct sockaddr_in6 *)&request.tcpm_addr)->sin6_scope_id = 0;
  } else {
    ((struct sockaddr_in *)&request.tcpm_addr)->sin_port = 0;
  }
  if (prefix_length >= 0) {
    request.tcpm_flags = TCP_MD5SIG_FLAG_PREFIX;
    request.tcpm_prefixlen = (uint8_t)prefix_length;
  }
  request.tcpm_keylen = (uint16_t)key_length;
  if (key_length > 0) memcpy(request.tcpm_key, key, key_length);
  return setsockopt(fd, IPPROTO_TCP, prefix_length >= 0 ? TCP_MD5SIG_EXT : TCP_MD5SIG, &request, sizeof request);
}

static napi_value fail(napi_env env, int fd, const char *syscall) {
  int number = errno;
  if (fd >= 0) close(fd);
  return throw_errno(env, number, syscall);
}

static void on_connect_event(struct handle *handle, int status, int events) {
  (void)status;
  (void)events;
  struct connect_attempt *attempt = (struct connect_attempt *)handle;
  int number = 0;
  socklen_t length = sizeof number;
  if (getsockopt(handle->fd, SOL_SOCKET, SO_ERROR, &number, &length) != 0) number = errno;
  /* the loop must have let go of the descriptor before another handle of the same loop takes it */
  uv_poll_stop(&handle->poll);
  napi_handle_scope scope;
  if (napi_open_handle_scope(handle->env, &scope) != napi_ok) return;
  napi_value argument;
  if (number != 0) argument = make_errno(handle->env, number, "connect");
  else napi_get_undefined(handle->env, &argument);
  if (argument != NULL) handle_call(handle, attempt->on_done, 1, &argument, NULL);
  handle_close(handle);
  napi_close_handle_scope(handle->env, scope);
}

static void on_connect_closing(struct handle *handle) {
  struct connect_attempt *attempt = (struct connect_attempt *)handle;
  if (attempt->on_done != NULL) napi_delete_reference(handle->env, attempt->on_done);
  attempt->on_done = NULL;
}

/*
 * tcpConnect(options, onDone(error | undefined)) → handle. Beside those of inet_read_options(): remoteAddress, remotePort, remoteScope,
 * md5Key. In onDone without error the descriptor is ready for tcpTake(handle).
 */
static napi_value tcp_connect(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  struct inet_options options;
  struct sockaddr_storage remote;
  uint8_t *address = NULL, *key = NULL;
  size_t address_length = 0, key_length = 0;
  uint32_t port = 0, scope = 0;
  const char *failed;
  int one = 1;
  if (!read_arguments(env, info, 2, arguments) || !inet_read_options(env, arguments[0], &options) ||
      !option_bytes(env, arguments[0], "remoteAddress", &address, &address_length) ||
      !option_u32(env, arguments[0], "remotePort", &port) || !option_u32(env, arguments[0], "remoteScope", &scope) ||
      !option_bytes(env, arguments[0], "md5Key", &key, &key_length)) {
    return NULL;
  }
  socklen_t remote_length = inet_address(&remote, address, address_length, port, scope);
  if (remote_length == 0 || remote.ss_family != options.family) return throw_message(env, "the remote address is of another family");
  if (key_length > TCP_MD5SIG_MAXKEYLEN) return throw_message(env, "a TCP MD5 password has at most 80 bytes");
  int fd = inet_socket(SOCK_STREAM, &options, &failed);
  if (fd < 0) return throw_errno(env, errno, failed);
  if (key != NULL && set_md5_key(fd, &remote, remote_length, -1, key, key_length) != 0) {
    return fail(env, fd, "setsockopt TCP_MD5SIG");
  }
  if (options.local_length > 0) {
    int late = options.local_port <= 0;
    /* with a fixed port: a connection in TIME_WAIT must not hold up the next. Without: choose the port when the peer is known */
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (late) setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&options.local, options.local_length) != 0) return fail(env, fd, "bind");
  }
  if (connect(fd, (struct sockaddr *)&remote, remote_length) != 0 && errno != EINPROGRESS) return fail(env, fd, "connect");
  struct connect_attempt *attempt = calloc(1, sizeof *attempt);
  if (attempt == NULL) return fail(env, fd, "calloc");
  attempt->handle.on_event = on_connect_event;
  attempt->handle.on_closing = on_connect_closing;
  if (napi_create_reference(env, arguments[1], 1, &attempt->on_done) != napi_ok) {
    close(fd);
    free(attempt);
    return throw_message(env, "a callback was expected");
  }
  return handle_open(env, &attempt->handle, fd, UV_WRITABLE);
}

/* tcpTake(handle) → the connected descriptor, now the caller's */
static napi_value tcp_take(napi_env env, napi_callback_info info) {
  napi_value argument, result;
  if (!read_arguments(env, info, 1, &argument)) return NULL;
  struct handle *handle = handle_unwrap(env, argument);
  if (handle == NULL) return NULL;
  if (handle->fd < 0) return throw_errno(env, EBADF, "tcpTake");
  if (napi_create_int32(env, handle->fd, &result) != napi_ok) return NULL;
  uv_poll_stop(&handle->poll);
  handle->fd = -1;
  return result;
}

/* tcpListen(options) → a bound descriptor for net.Server.listen({fd}), which listens itself */
static napi_value tcp_listen(napi_env env, napi_callback_info info) {
  napi_value argument, result;
  struct inet_options options;
  const char *failed;
  int one = 1;
  if (!read_arguments(env, info, 1, &argument) || !inet_read_options(env, argument, &options)) return NULL;
  int fd = inet_socket(SOCK_STREAM, &options, &failed);
  if (fd < 0) return throw_errno(env, errno, failed);
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (options.local_length > 0 && bind(fd, (struct sockaddr *)&options.local, options.local_length) != 0) {
    return fail(env, fd, "bind");
  }
  return napi_create_int32(env, fd, &result) == napi_ok ? result : NULL;
}

/* tcpMd5(fd, address, prefixLength, key): an empty key removes it */
static napi_value tcp_md5(napi_env env, napi_callback_info info) {
  napi_value arguments[4];
  struct sockaddr_storage peer;
  uint8_t *address, *key;
  size_t address_length, key_length;
  uint32_t fd, prefix_length;
  if (!read_arguments(env, info, 4, arguments) || !read_u32(env, arguments[0], &fd) ||
      !read_bytes(env, arguments[1], &address, &address_length) || !read_u32(env, arguments[2], &prefix_length) ||
      !read_bytes(env, arguments[3], &key, &key_length)) {
    return NULL;
  }
  socklen_t peer_length = inet_address(&peer, address, address_length, 0, 0);
  if (peer_length == 0) return throw_message(env, "an address has 4 or 16 bytes");
  if (key_length > TCP_MD5SIG_MAXKEYLEN) return throw_message(env, "a TCP MD5 password has at most 80 bytes");
  if (set_md5_key((int)fd, &peer, peer_length, (int32_t)prefix_length, key, key_length) != 0) {
    /* removing a key that is not there is no error */
    if (key_length == 0 && errno == ENOENT) return NULL;
    return throw_errno(env, errno, "setsockopt TCP_MD5SIG");
  }
  return NULL;
}

/* tcpOptions(fd, options): family, ttl, minTtl, trafficClass of a socket that is already connected, such as an accepted one */
static napi_value tcp_options(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  struct inet_options options;
  uint32_t fd;
  if (!read_arguments(env, info, 2, arguments) || !read_u32(env, arguments[0], &fd) ||
      !inet_read_options(env, arguments[1], &options)) {
    return NULL;
  }
  const char *failed = inet_apply((int)fd, &options);
  if (failed != NULL) return throw_errno(env, errno, failed);
  return NULL;
}

const napi_property_descriptor tcp_functions[TCP_FUNCTIONS] = {
    {"tcpConnect", NULL, tcp_connect, NULL, NULL, NULL, napi_default, NULL},
    {"tcpTake", NULL, tcp_take, NULL, NULL, NULL, napi_default, NULL},
    {"tcpListen", NULL, tcp_listen, NULL, NULL, NULL, napi_default, NULL},
    {"tcpMd5", NULL, tcp_md5, NULL, NULL, NULL, napi_default, NULL},
    {"tcpOptions", NULL, tcp_options, NULL, NULL, NULL, napi_default, NULL},
};

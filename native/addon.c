#include <node_api.h>

#include "batch_socket.h"
#include "errors.h"
#include "handle.h"
#include "memory.h"
#include "multicast.h"
#include "packet_socket.h"
#include "route_netlink.h"
#include "tcp.h"
#include "udp.h"

/* close(handle): closes the descriptor at once; harmless when closed already */
static napi_value close_handle(napi_env env, napi_callback_info info) {
  napi_value argument;
  if (!read_arguments(env, info, 1, &argument)) return NULL;
  struct handle *handle = handle_unwrap(env, argument);
  if (handle != NULL) handle_close(handle);
  return NULL;
}

/* discard(handle of a socket with batches) → how many messages that had arrived it threw away */
static napi_value discard(napi_env env, napi_callback_info info) {
  napi_value argument, result;
  if (!read_arguments(env, info, 1, &argument)) return NULL;
  struct batch_socket *socket = (struct batch_socket *)handle_unwrap(env, argument);
  if (socket == NULL) return NULL;
  uint32_t count = socket->handle.closing ? 0 : socket->kind->discard(socket);
  return napi_create_uint32(env, count, &result) == napi_ok ? result : NULL;
}

/* pause(handle of a socket with batches): brings nothing until resume() */
static napi_value pause_handle(napi_env env, napi_callback_info info) {
  napi_value argument;
  if (!read_arguments(env, info, 1, &argument)) return NULL;
  struct handle *handle = handle_unwrap(env, argument);
  if (handle != NULL) handle_pause(handle);
  return NULL;
}

/* resume(handle): brings what has come meanwhile, from the event loop */
static napi_value resume_handle(napi_env env, napi_callback_info info) {
  napi_value argument;
  if (!read_arguments(env, info, 1, &argument)) return NULL;
  struct handle *handle = handle_unwrap(env, argument);
  int status = handle == NULL ? 0 : handle_resume(handle, UV_READABLE);
  return status == 0 ? NULL : throw_errno(env, -status, "uv_poll_start");
}

/* Node runs this once for each environment (main thread, every worker); there is nothing that they share. */
NAPI_MODULE_INIT() {
  static const napi_property_descriptor common[] = {
      {"close", NULL, close_handle, NULL, NULL, NULL, napi_default, NULL},
      {"pause", NULL, pause_handle, NULL, NULL, NULL, napi_default, NULL},
      {"resume", NULL, resume_handle, NULL, NULL, NULL, napi_default, NULL},
      {"discard", NULL, discard, NULL, NULL, NULL, napi_default, NULL},
  };
  if (napi_define_properties(env, exports, sizeof common / sizeof *common, common) != napi_ok ||
      napi_define_properties(env, exports, PACKET_SOCKET_FUNCTIONS, packet_socket_functions) != napi_ok ||
      napi_define_properties(env, exports, ROUTE_NETLINK_FUNCTIONS, route_netlink_functions) != napi_ok ||
      napi_define_properties(env, exports, MULTICAST_FUNCTIONS, multicast_functions) != napi_ok ||
      napi_define_properties(env, exports, UDP_FUNCTIONS, udp_functions) != napi_ok ||
      napi_define_properties(env, exports, TCP_FUNCTIONS, tcp_functions) != napi_ok ||
      napi_define_properties(env, exports, MEMORY_FUNCTIONS, memory_functions) != napi_ok) {
    napi_throw_error(env, "ERR_HERALD_NATIVE", "the native addon cannot define its functions");
  }
  return exports;
}

#include "multicast.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "errors.h"
#include "handle.h"

/* The socket is bound to no port, so nothing is ever received on it. */
static void on_event(struct handle *handle, int status, int events) {
  (void)handle;
  (void)status;
  (void)events;
}

/* groupsOpen() → a handle that can be a member of IPv6 multicast groups */
static napi_value groups_open(napi_env env, napi_callback_info info) {
  (void)info;
  int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return throw_errno(env, errno, "socket AF_INET6");
  struct handle *handle = calloc(1, sizeof *handle);
  if (handle == NULL) {
    close(fd);
    return throw_errno(env, ENOMEM, "calloc");
  }
  handle->on_event = on_event;
  return handle_open(env, handle, fd, UV_READABLE);
}

/* groupsMembership(handle, address, interfaceIndex, 1 to join or 0 to leave) → 0, or the number of the error */
static napi_value groups_membership(napi_env env, napi_callback_info info) {
  napi_value arguments[4], result;
  uint8_t *address;
  size_t length;
  uint32_t interface_index, join;
  if (!read_arguments(env, info, 4, arguments)) return NULL;
  struct handle *handle = handle_unwrap(env, arguments[0]);
  if (handle == NULL || !read_bytes(env, arguments[1], &address, &length) ||
      !read_u32(env, arguments[2], &interface_index) || !read_u32(env, arguments[3], &join)) {
    return NULL;
  }
  /* index 0 would be whatever interface the kernel likes */
  if (length != 16 || interface_index == 0) return throw_message(env, "an IPv6 address and an interface were expected");
  struct ipv6_mreq request = {.ipv6mr_interface = interface_index};
  memcpy(&request.ipv6mr_multiaddr, address, 16);
  int option = join ? IPV6_JOIN_GROUP : IPV6_LEAVE_GROUP;
  int number = setsockopt(handle->fd, IPPROTO_IPV6, option, &request, sizeof request) == 0 ? 0 : errno;
  return napi_create_int32(env, number, &result) == napi_ok ? result : NULL;
}

const napi_property_descriptor multicast_functions[MULTICAST_FUNCTIONS] = {
    {"groupsOpen", NULL, groups_open, NULL, NULL, NULL, napi_default, NULL},
    {"groupsMembership", NULL, groups_membership, NULL, NULL, NULL, napi_default, NULL},
};

#include "route_netlink.h"

#include "batch_socket.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <unistd.h>

#include "errors.h"

/* Only the kernel (port 0) is believed; any process may send to a netlink socket. */
static bool from_kernel(struct msghdr *header, struct message_info *info) {
  (void)info;
  struct sockaddr_nl address;
  if (header->msg_namelen < sizeof address) return false;
  memcpy(&address, header->msg_name, sizeof address);
  return address.nl_family == AF_NETLINK && address.nl_pid == 0;
}

static const struct batch_kind netlink_kind = {
    .receive = batch_receive,
    .discard = batch_discard,
    .describe = from_kernel,
};

/* netlinkOpen(options): beside the buffers, groups (a mask of RTMGRP_*) and receiveBufferBytes */
static napi_value netlink_open(napi_env env, napi_callback_info info) {
  napi_value options;
  uint32_t groups = 0, receive_buffer = 0;
  if (!read_arguments(env, info, 1, &options) || !option_u32(env, options, "groups", &groups) ||
      !option_u32(env, options, "receiveBufferBytes", &receive_buffer)) {
    return NULL;
  }
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (fd < 0) return throw_errno(env, errno, "socket AF_NETLINK");
  set_receive_buffer(fd, receive_buffer);
  struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = groups};
  if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0) {
    int number = errno;
    close(fd);
    return throw_errno(env, number, "bind AF_NETLINK");
  }
  return batch_socket_open(env, fd, AF_NETLINK, options, &netlink_kind, NULL);
}

/* netlinkSend(handle, request): one whole netlink message to the kernel */
static napi_value netlink_send(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  uint8_t *request;
  size_t length;
  if (!read_arguments(env, info, 2, arguments)) return NULL;
  struct handle *handle = handle_unwrap(env, arguments[0]);
  if (handle == NULL || !read_bytes(env, arguments[1], &request, &length)) return NULL;
  if (send(handle->fd, request, length, 0) < 0) return throw_errno(env, errno, "send AF_NETLINK");
  return NULL;
}

const napi_property_descriptor route_netlink_functions[ROUTE_NETLINK_FUNCTIONS] = {
    {"netlinkOpen", NULL, netlink_open, NULL, NULL, NULL, napi_default, NULL},
    {"netlinkSend", NULL, netlink_send, NULL, NULL, NULL, napi_default, NULL},
};

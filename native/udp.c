#include "udp.h"

#include "batch_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "errors.h"
#include "inet.h"

/* Where to send one datagram; src/io/udp.ts writes the same layout. */
struct send_record {
  uint32_t port;
  /* 0: as the routing table says */
  uint32_t interface_index;
  uint32_t has_source;
  uint8_t destination[16];
  uint8_t source[16];
};

union packet_info {
  struct in_pktinfo four;
  struct in6_pktinfo six;
};

static bool describe(struct msghdr *header, struct message_info *info) {
  struct sockaddr_storage *name = header->msg_name;
  info->ttl = info->traffic_class = -1;
  info->interface_index = 0;
  memset(info->source, 0, sizeof info->source);
  memset(info->destination, 0, sizeof info->destination);
  if (name->ss_family == AF_INET) {
    struct sockaddr_in *source = (struct sockaddr_in *)name;
    info->source_port = ntohs(source->sin_port);
    memcpy(info->source, &source->sin_addr, 4);
  } else if (name->ss_family == AF_INET6) {
    struct sockaddr_in6 *source = (struct sockaddr_in6 *)name;
    info->source_port = ntohs(source->sin6_port);
    memcpy(info->source, &source->sin6_addr, 16);
  } else {
    return false;
  }
  for (struct cmsghdr *item = CMSG_FIRSTHDR(header); item != NULL; item = CMSG_NXTHDR(header, item)) {
    int number;
    union packet_info packet;
    if (item->cmsg_level == IPPROTO_IP && item->cmsg_type == IP_TTL) {
      memcpy(&number, CMSG_DATA(item), sizeof number);
      info->ttl = number;
    } else if (item->cmsg_level == IPPROTO_IP && item->cmsg_type == IP_TOS) {
      info->traffic_class = *CMSG_DATA(item);
    } else if (item->cmsg_level == IPPROTO_IP && item->cmsg_type == IP_PKTINFO) {
      memcpy(&packet.four, CMSG_DATA(item), sizeof packet.four);
      info->interface_index = (uint32_t)packet.four.ipi_ifindex;
      memcpy(info->destination, &packet.four.ipi_addr, 4);
    } else if (item->cmsg_level == IPPROTO_IPV6 && item->cmsg_type == IPV6_HOPLIMIT) {
      memcpy(&number, CMSG_DATA(item), sizeof number);
      info->ttl = number;
    } else if (item->cmsg_level == IPPROTO_IPV6 && item->cmsg_type == IPV6_TCLASS) {
      memcpy(&number, CMSG_DATA(item), sizeof number);
      info->traffic_class = number;
    } else if (item->cmsg_level == IPPROTO_IPV6 && item->cmsg_type == IPV6_PKTINFO) {
      memcpy(&packet.six, CMSG_DATA(item), sizeof packet.six);
      info->interface_index = packet.six.ipi6_ifindex;
      memcpy(info->destination, &packet.six.ipi6_addr, 16);
    }
  }
  return true;
}

static const struct batch_kind udp_kind = {.receive = batch_receive, .discard = batch_discard, .describe = describe};

static const char *ask_for_details(int fd, int family) {
  int one = 1;
  bool six = family == AF_INET6;
  int level = six ? IPPROTO_IPV6 : IPPROTO_IP;
  if (setsockopt(fd, level, six ? IPV6_RECVHOPLIMIT : IP_RECVTTL, &one, sizeof one) != 0) return "setsockopt IP_RECVTTL";
  if (setsockopt(fd, level, six ? IPV6_RECVTCLASS : IP_RECVTOS, &one, sizeof one) != 0) return "setsockopt IP_RECVTOS";
  if (setsockopt(fd, level, six ? IPV6_RECVPKTINFO : IP_PKTINFO, &one, sizeof one) != 0) return "setsockopt IP_PKTINFO";
  return NULL;
}

/* udpOpen(options): beside the buffers those of inet_read_options(), receiveBufferBytes and reuseAddress */
static napi_value udp_open(napi_env env, napi_callback_info info) {
  napi_value argument;
  struct inet_options options;
  uint32_t receive_buffer = 0, reuse_address = 0;
  int one = 1;
  const char *failed;
  if (!read_arguments(env, info, 1, &argument) || !inet_read_options(env, argument, &options) ||
      !option_u32(env, argument, "receiveBufferBytes", &receive_buffer) ||
      !option_u32(env, argument, "reuseAddress", &reuse_address)) {
    return NULL;
  }
  int fd = inet_socket(SOCK_DGRAM, &options, &failed);
  if (fd < 0) return throw_errno(env, errno, failed);
  set_receive_buffer(fd, receive_buffer);
  failed = ask_for_details(fd, options.family);
  if (failed == NULL) failed = inet_set_multicast_ttl(fd, &options);
  if (failed == NULL && reuse_address && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0) {
    failed = "setsockopt SO_REUSEADDR";
  }
  if (failed == NULL && options.local_length > 0 &&
      bind(fd, (struct sockaddr *)&options.local, options.local_length) != 0) {
    failed = "bind";
  }
  if (failed != NULL) {
    int number = errno;
    close(fd);
    return throw_errno(env, number, failed);
  }
  return batch_socket_open(env, fd, options.family, argument, &udp_kind, NULL);
}

static void address_message(struct batch_socket *socket, struct msghdr *header, const struct send_record *record,
                            struct sockaddr_storage *name, uint8_t *control) {
  bool six = socket->family == AF_INET6;
  header->msg_name = name;
  header->msg_namelen =
      inet_address(name, record->destination, six ? 16 : 4, record->port, six ? record->interface_index : 0);
  if (record->interface_index == 0 && !record->has_source) return;
  memset(control, 0, CONTROL_SIZE);
  header->msg_control = control;
  struct cmsghdr *item = (struct cmsghdr *)control;
  item->cmsg_level = six ? IPPROTO_IPV6 : IPPROTO_IP;
  item->cmsg_type = six ? IPV6_PKTINFO : IP_PKTINFO;
  if (six) {
    struct in6_pktinfo packet = {.ipi6_ifindex = record->interface_index};
    if (record->has_source) memcpy(&packet.ipi6_addr, record->source, 16);
    item->cmsg_len = CMSG_LEN(sizeof packet);
    memcpy(CMSG_DATA(item), &packet, sizeof packet);
  } else {
    struct in_pktinfo packet = {.ipi_ifindex = (int)record->interface_index};
    if (record->has_source) memcpy(&packet.ipi_spec_dst, record->source, 4);
    item->cmsg_len = CMSG_LEN(sizeof packet);
    memcpy(CMSG_DATA(item), &packet, sizeof packet);
  }
  header->msg_controllen = CMSG_SPACE(six ? sizeof(struct in6_pktinfo) : sizeof(struct in_pktinfo));
}

/* udpSend(handle, payloads, records) → how many the kernel took; at most MAX_SLOTS at once */
static napi_value udp_send(napi_env env, napi_callback_info info) {
  napi_value arguments[3], payload, result;
  uint32_t count;
  uint8_t *records;
  size_t records_size;
  struct mmsghdr headers[MAX_SLOTS];
  struct iovec vectors[MAX_SLOTS];
  struct sockaddr_storage names[MAX_SLOTS];
  _Alignas(struct cmsghdr) uint8_t controls[MAX_SLOTS][CONTROL_SIZE];
  if (!read_arguments(env, info, 3, arguments)) return NULL;
  struct batch_socket *socket = (struct batch_socket *)handle_unwrap(env, arguments[0]);
  if (socket == NULL || !read_bytes(env, arguments[2], &records, &records_size)) return NULL;
  if (socket->handle.closing) return throw_errno(env, EBADF, "sendmmsg");
  if (napi_get_array_length(env, arguments[1], &count) != napi_ok || count > MAX_SLOTS ||
      records_size < count * sizeof(struct send_record)) {
    return throw_message(env, "as many records as payloads were expected");
  }
  memset(headers, 0, sizeof headers);
  for (uint32_t i = 0; i < count; i++) {
    struct send_record record;
    uint8_t *bytes;
    memcpy(&record, records + i * sizeof record, sizeof record);
    if (napi_get_element(env, arguments[1], i, &payload) != napi_ok ||
        !read_bytes(env, payload, &bytes, &vectors[i].iov_len)) {
      return NULL;
    }
    vectors[i].iov_base = bytes;
    headers[i].msg_hdr.msg_iov = &vectors[i];
    headers[i].msg_hdr.msg_iovlen = 1;
    address_message(socket, &headers[i].msg_hdr, &record, &names[i], controls[i]);
  }
  uint32_t taken = batch_socket_send(socket, headers, count);
  return napi_create_uint32(env, taken, &result) == napi_ok ? result : NULL;
}

/* udpLocalPort(handle) → the port that bind() chose */
static napi_value udp_local_port(napi_env env, napi_callback_info info) {
  napi_value argument, result;
  struct sockaddr_storage address;
  socklen_t length = sizeof address;
  if (!read_arguments(env, info, 1, &argument)) return NULL;
  struct handle *handle = handle_unwrap(env, argument);
  if (handle == NULL) return NULL;
  if (getsockname(handle->fd, (struct sockaddr *)&address, &length) != 0) return throw_errno(env, errno, "getsockname");
  uint16_t port = address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port
                                                : ((struct sockaddr_in *)&address)->sin_port;
  return napi_create_uint32(env, ntohs(port), &result) == napi_ok ? result : NULL;
}

const napi_property_descriptor udp_functions[UDP_FUNCTIONS] = {
    {"udpOpen", NULL, udp_open, NULL, NULL, NULL, napi_default, NULL},
    {"udpSend", NULL, udp_send, NULL, NULL, NULL, napi_default, NULL},
    {"udpLocalPort", NULL, udp_local_port, NULL, NULL, NULL, napi_default, NULL},
};

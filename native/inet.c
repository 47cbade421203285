#include "inet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "errors.h"

#ifndef IPV6_MINHOPCOUNT
#define IPV6_MINHOPCOUNT 73
#endif

socklen_t inet_address(struct sockaddr_storage *out, const uint8_t *bytes, size_t length, uint32_t port, uint32_t scope) {
  memset(out, 0, sizeof *out);
  if (length == 4) {
    struct sockaddr_in *address = (struct sockaddr_in *)out;
    address->sin_family = AF_INET;
    address->sin_port = htons((uint16_t)port);
    memcpy(&address->sin_addr, bytes, 4);
    return sizeof *address;
  }
  if (length == 16) {
    struct sockaddr_in6 *address = (struct sockaddr_in6 *)out;
    address->sin6_family = AF_INET6;
    address->sin6_port = htons((uint16_t)port);
    address->sin6_scope_id = scope;
    memcpy(&address->sin6_addr, bytes, 16);
    return sizeof *address;
  }
  return 0;
}

bool inet_read_options(napi_env env, napi_value object, struct inet_options *out) {
  static const uint8_t unspecified[16];
  uint8_t *address = NULL;
  size_t length = 0;
  uint32_t family = 4, scope = 0;
  memset(out, 0, sizeof *out);
  out->local_port = out->ttl = out->min_ttl = out->traffic_class = -1;
  if (!option_u32(env, object, "family", &family) || !option_bytes(env, object, "localAddress", &address, &length) ||
      !option_i32(env, object, "localPort", &out->local_port) || !option_u32(env, object, "localScope", &scope) ||
      !option_i32(env, object, "ttl", &out->ttl) || !option_i32(env, object, "minTtl", &out->min_ttl) ||
      !option_i32(env, object, "trafficClass", &out->traffic_class) ||
      !option_string(env, object, "device", out->device, sizeof out->device)) {
    return false;
  }
  out->family = family == 6 ? AF_INET6 : AF_INET;
  size_t expected = family == 6 ? 16 : 4;
  if (address != NULL && length != expected) {
    throw_message(env, "the local address is of another family");
    return false;
  }
  if (address != NULL || out->local_port >= 0) {
    uint32_t port = out->local_port > 0 ? (uint32_t)out->local_port : 0;
    out->local_length = inet_address(&out->local, address != NULL ? address : unspecified, expected, port, scope);
  }
  return true;
}

/* The option of either family, or NULL if it was set. */
static const char *set(int fd, const struct inet_options *options, int option4, int option6, int value, const char *name) {
  bool six = options->family == AF_INET6;
  int result = setsockopt(fd, six ? IPPROTO_IPV6 : IPPROTO_IP, six ? option6 : option4, &value, sizeof value);
  return result == 0 ? NULL : name;
}

const char *inet_apply(int fd, const struct inet_options *options) {
  const char *failed = NULL;
  if (options->ttl >= 0) failed = set(fd, options, IP_TTL, IPV6_UNICAST_HOPS, options->ttl, "setsockopt IP_TTL");
  if (failed == NULL && options->min_ttl >= 0) {
    failed = set(fd, options, IP_MINTTL, IPV6_MINHOPCOUNT, options->min_ttl, "setsockopt IP_MINTTL");
  }
  if (failed == NULL && options->traffic_class >= 0) {
    failed = set(fd, options, IP_TOS, IPV6_TCLASS, options->traffic_class, "setsockopt IP_TOS");
  }
  return failed;
}

const char *inet_set_multicast_ttl(int fd, const struct inet_options *options) {
  if (options->ttl < 0) return NULL;
  return set(fd, options, IP_MULTICAST_TTL, IPV6_MULTICAST_HOPS, options->ttl, "setsockopt IP_MULTICAST_TTL");
}

int inet_socket(int type, const struct inet_options *options, const char **failed) {
  int one = 1;
  *failed = "socket";
  int fd = socket(options->family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  if (options->family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one) != 0) {
    *failed = "setsockopt IPV6_V6ONLY";
  } else if (options->device[0] != 0 &&
             setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, options->device, (socklen_t)strlen(options->device)) != 0) {
    *failed = "setsockopt SO_BINDTODEVICE";
  } else if ((*failed = inet_apply(fd, options)) == NULL) {
    return fd;
  }
  int number = errno;
  close(fd);
  errno = number;
  return -1;
}

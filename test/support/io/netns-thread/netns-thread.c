#include <errno.h>
#include <fcntl.h>
#include <node_api.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

/*
 * call(path, function): runs the function while this thread, and no other, is in the network namespace of `path`. Sockets that the
 * function opens stay in that namespace. For tests only: it must not await.
 */
static napi_value call(napi_env env, napi_callback_info info) {
  napi_value arguments[2], global, result = NULL;
  size_t count = 2;
  char path[256];
  napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
  napi_get_value_string_utf8(env, arguments[0], path, sizeof path, NULL);
  int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC), other = open(path, O_RDONLY | O_CLOEXEC);
  if (home < 0 || other < 0 || setns(other, CLONE_NEWNET) != 0) {
    napi_throw_error(env, NULL, strerror(errno));
  } else {
    napi_get_global(env, &global);
    napi_call_function(env, global, arguments[1], 0, NULL, &result);
    if (setns(home, CLONE_NEWNET) != 0) napi_fatal_error("netns", NAPI_AUTO_LENGTH, "cannot return", NAPI_AUTO_LENGTH);
  }
  if (home >= 0) close(home);
  if (other >= 0) close(other);
  return result;
}

NAPI_MODULE_INIT() {
  napi_value function;
  napi_create_function(env, "call", NAPI_AUTO_LENGTH, call, NULL, &function);
  napi_set_named_property(env, exports, "call", function);
  return exports;
}

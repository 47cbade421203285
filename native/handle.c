#include "handle.h"

#include <stdlib.h>
#include <unistd.h>

#include "errors.h"

static const napi_type_tag handle_tag = {0x6b1f0d5a2c9e4f73, 0x9d20e7a85b3c4816};

static void release(struct handle *handle) {
  if (--handle->references == 0) free(handle);
}

static void on_loop_closed(uv_handle_t *poll) {
  struct handle *handle = poll->data;
  napi_async_cleanup_hook_handle cleanup = handle->cleanup;
  if (handle->on_closed != NULL) handle->on_closed(handle);
  release(handle);
  /* Last: while the hook stands, the environment waits for it. */
  if (cleanup != NULL) napi_remove_async_cleanup_hook(cleanup);
}

static void on_environment_end(napi_async_cleanup_hook_handle cleanup, void *data) {
  (void)cleanup;
  struct handle *handle = data;
  handle->environment_ending = true;
  handle_close(handle);
}

static void on_collected(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  release(data);
}

static void on_poll(uv_poll_t *poll, int status, int events) {
  struct handle *handle = poll->data;
  if (status < 0) handle->polling = false;
  handle->on_event(handle, status, events);
}

void handle_close(struct handle *handle) {
  if (handle->closing) return;
  handle->closing = true;
  uv_poll_stop(&handle->poll);
  if (handle->fd >= 0) close(handle->fd);
  handle->fd = -1;
  if (handle->on_closing != NULL) handle->on_closing(handle);
  if (handle->async_context != NULL) napi_async_destroy(handle->env, handle->async_context);
  handle->async_context = NULL;
  uv_close((uv_handle_t *)&handle->poll, on_loop_closed);
}

void handle_pause(struct handle *handle) {
  if (handle->closing || handle->paused) return;
  handle->paused = true;
  handle->polling = false;
  uv_poll_stop(&handle->poll);
}

int handle_resume(struct handle *handle, int events) {
  if (handle->closing || handle->polling) return 0;
  handle->paused = false;
  int status = uv_poll_start(&handle->poll, events, on_poll);
  handle->polling = status == 0;
  return status;
}

napi_value handle_open(napi_env env, struct handle *handle, int fd, int events) {
  uv_loop_t *loop;
  handle->env = env;
  handle->fd = fd;
  int status = napi_get_uv_event_loop(env, &loop) == napi_ok ? uv_poll_init(loop, &handle->poll, fd) : UV_EINVAL;
  if (status != 0) {
    if (handle->on_closing != NULL) handle->on_closing(handle);
    close(fd);
    free(handle);
    return throw_errno(env, -status, "uv_poll_init");
  }
  handle->poll.data = handle;
  handle->references = 1;
  napi_value name, object;
  if (napi_add_async_cleanup_hook(env, on_environment_end, handle, &handle->cleanup) != napi_ok) handle->cleanup = NULL;
  bool ok = handle->cleanup != NULL && napi_create_string_utf8(env, "HERALD", NAPI_AUTO_LENGTH, &name) == napi_ok &&
            napi_create_object(env, &object) == napi_ok &&
            napi_async_init(env, object, name, &handle->async_context) == napi_ok &&
            napi_type_tag_object(env, object, &handle_tag) == napi_ok &&
            napi_wrap(env, object, handle, on_collected, NULL, NULL) == napi_ok;
  if (ok) handle->references++;
  if (!ok || handle_resume(handle, events) != 0) {
    handle_close(handle);
    return throw_message(env, "the event loop does not take the descriptor");
  }
  return object;
}

struct handle *handle_unwrap(napi_env env, napi_value value) {
  bool tagged = false;
  void *data = NULL;
  if (napi_check_object_type_tag(env, value, &handle_tag, &tagged) != napi_ok || !tagged ||
      napi_unwrap(env, value, &data) != napi_ok) {
    throw_message(env, "not a native handle");
    return NULL;
  }
  return data;
}

bool handle_call(struct handle *handle, napi_ref function, size_t argc, const napi_value *argv, napi_value *result) {
  napi_value callback, global;
  if (handle->environment_ending || handle->closing) return false;
  napi_env env = handle->env;
  if (napi_get_reference_value(env, function, &callback) != napi_ok || callback == NULL) return false;
  if (napi_get_global(env, &global) != napi_ok) return false;
  if (napi_make_callback(env, handle->async_context, global, callback, argc, argv, result) == napi_ok) return true;
  bool pending = false;
  napi_value error;
  if (napi_is_exception_pending(env, &pending) == napi_ok && pending &&
      napi_get_and_clear_last_exception(env, &error) == napi_ok) {
    napi_fatal_exception(env, error);
  }
  return false;
}

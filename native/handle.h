#ifndef HERALD_HANDLE_H
#define HERALD_HANDLE_H

#include <node_api.h>
#include <stdbool.h>
#include <uv.h>

/*
 * A descriptor watched by the event loop of one environment (the main thread's or a worker's). There is no state outside of
 * these structures, so any number of threads may use the addon at once.
 *
 * Life: handle_open() takes two references, one for the loop and one for the JavaScript object. handle_close() stops the
 * poll and closes the descriptor at once; the memory goes when the loop has let go of the poll and the JavaScript object has
 * been collected. When the environment ends first (worker.terminate(), process.exit()), its cleanup hook does the same.
 */
struct handle {
  uv_poll_t poll;
  napi_env env;
  napi_async_context async_context;
  napi_async_cleanup_hook_handle cleanup;
  int fd;
  unsigned references;
  bool polling;
  /* JavaScript wants nothing from it for now */
  bool paused;
  bool closing;
  /* true once the environment is going: JavaScript must not be called any more */
  bool environment_ending;
  void (*on_event)(struct handle *handle, int status, int events);
  /* drops JavaScript references; called exactly once, when closing begins */
  void (*on_closing)(struct handle *handle);
  /* the loop has let go; optional */
  void (*on_closed)(struct handle *handle);
};

/*
 * Registers `handle` (zeroed memory of calloc, the first member of a larger structure) and its non-blocking `fd`. Owns both from
 * then on, also when it fails; a failure leaves a JavaScript exception pending and returns NULL, else the JavaScript object.
 */
napi_value handle_open(napi_env env, struct handle *handle, int fd, int events);

/* Stops watching; what comes meanwhile waits in the kernel. */
void handle_pause(struct handle *handle);

/* Starts watching again, after a pause, or after libuv stopped the poll on an error condition. */
int handle_resume(struct handle *handle, int events);

void handle_close(struct handle *handle);

/* The handle behind a JavaScript object made by handle_open(), or NULL with an exception pending. */
struct handle *handle_unwrap(napi_env env, napi_value value);

/* Calls back into JavaScript as the event loop does: an exception becomes an uncaught exception. False if it threw. */
bool handle_call(struct handle *handle, napi_ref function, size_t argc, const napi_value *argv, napi_value *result);

#endif

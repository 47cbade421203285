#ifndef HERALD_ERRORS_H
#define HERALD_ERRORS_H

#include <node_api.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A JavaScript Error with `code` ("EPERM"), `errno` (negative, as Node has it) and `syscall`. */
napi_value make_errno(napi_env env, int number, const char *syscall);

/* Both leave an exception pending and return NULL. */
napi_value throw_errno(napi_env env, int number, const char *syscall);
napi_value throw_message(napi_env env, const char *message);

/* Readers of arguments and options. False means that an exception is pending. A missing optional property leaves `out` as it is. */
bool read_arguments(napi_env env, napi_callback_info info, size_t count, napi_value *out);
bool read_u32(napi_env env, napi_value value, uint32_t *out);
bool read_bytes(napi_env env, napi_value value, uint8_t **data, size_t *length);
bool option_u32(napi_env env, napi_value object, const char *name, uint32_t *out);
bool option_i32(napi_env env, napi_value object, const char *name, int32_t *out);
bool option_bytes(napi_env env, napi_value object, const char *name, uint8_t **data, size_t *length);
bool option_string(napi_env env, napi_value object, const char *name, char *out, size_t size);

#endif

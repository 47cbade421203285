#include "errors.h"

#include <stdio.h>
#include <uv.h>

napi_value make_errno(napi_env env, int number, const char *syscall) {
  char code[48], reason[128], text[256];
  napi_value code_value, message, error, syscall_value, number_value;
  uv_err_name_r(-number, code, sizeof code);
  uv_strerror_r(-number, reason, sizeof reason);
  snprintf(text, sizeof text, "%s: %s, %s", code, reason, syscall);
  if (napi_create_string_utf8(env, code, NAPI_AUTO_LENGTH, &code_value) != napi_ok ||
      napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &message) != napi_ok ||
      napi_create_error(env, code_value, message, &error) != napi_ok ||
      napi_create_string_utf8(env, syscall, NAPI_AUTO_LENGTH, &syscall_value) != napi_ok ||
      napi_set_named_property(env, error, "syscall", syscall_value) != napi_ok ||
      napi_create_int32(env, -number, &number_value) != napi_ok ||
      napi_set_named_property(env, error, "errno", number_value) != napi_ok) {
    return NULL;
  }
  return error;
}

napi_value throw_errno(napi_env env, int number, const char *syscall) {
  napi_value error = make_errno(env, number, syscall);
  if (error != NULL) napi_throw(env, error);
  return NULL;
}

napi_value throw_message(napi_env env, const char *message) {
  napi_throw_error(env, "ERR_HERALD_NATIVE", message);
  return NULL;
}

bool read_arguments(napi_env env, napi_callback_info info, size_t count, napi_value *out) {
  size_t given = count;
  if (napi_get_cb_info(env, info, &given, out, NULL, NULL) == napi_ok && given >= count) return true;
  throw_message(env, "too few arguments");
  return false;
}

bool read_u32(napi_env env, napi_value value, uint32_t *out) {
  if (napi_get_value_uint32(env, value, out) == napi_ok) return true;
  throw_message(env, "a number was expected");
  return false;
}

bool read_bytes(napi_env env, napi_value value, uint8_t **data, size_t *length) {
  napi_typedarray_type type;
  bool typed = false;
  void *pointer = NULL;
  if (napi_is_typedarray(env, value, &typed) == napi_ok && typed &&
      napi_get_typedarray_info(env, value, &type, length, &pointer, NULL, NULL) == napi_ok && type == napi_uint8_array) {
    *data = pointer;
    return true;
  }
  throw_message(env, "a Uint8Array was expected");
  return false;
}

/* False when absent or undefined; *failed tells whether an exception is pending. */
static bool present(napi_env env, napi_value object, const char *name, napi_value *value, bool *failed) {
  napi_valuetype type;
  *failed = napi_get_named_property(env, object, name, value) != napi_ok || napi_typeof(env, *value, &type) != napi_ok;
  if (*failed) throw_message(env, "an options object was expected");
  return !*failed && type != napi_undefined;
}

bool option_u32(napi_env env, napi_value object, const char *name, uint32_t *out) {
  napi_value value;
  bool failed;
  if (!present(env, object, name, &value, &failed)) return !failed;
  return read_u32(env, value, out);
}

bool option_i32(napi_env env, napi_value object, const char *name, int32_t *out) {
  uint32_t number;
  napi_value value;
  bool failed;
  if (!present(env, object, name, &value, &failed)) return !failed;
  if (!read_u32(env, value, &number)) return false;
  *out = (int32_t)number;
  return true;
}

bool option_bytes(napi_env env, napi_value object, const char *name, uint8_t **data, size_t *length) {
  napi_value value;
  bool failed;
  if (!present(env, object, name, &value, &failed)) return !failed;
  return read_bytes(env, value, data, length);
}

bool option_string(napi_env env, napi_value object, const char *name, char *out, size_t size) {
  napi_value value;
  bool failed;
  size_t length = 0;
  if (!present(env, object, name, &value, &failed)) return !failed;
  if (napi_get_value_string_utf8(env, value, NULL, 0, &length) != napi_ok || length >= size) {
    throw_message(env, "a string is missing or too long");
    return false;
  }
  return napi_get_value_string_utf8(env, value, out, size, NULL) == napi_ok;
}

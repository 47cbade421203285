#include "memory.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <link.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct program {
  const ElfW(Phdr) *segments;
  int count;
  uintptr_t base;
};

static int take_program(struct dl_phdr_info *info, size_t size, void *data) {
  (void)size;
  *(struct program *)data = (struct program){info->dlpi_phdr, info->dlpi_phnum, info->dlpi_addr};
  /* The first object is the program itself. */
  return 1;
}

/* What was writable once, if only while it was relocated, differs from the file. */
static bool never_writable(const struct program *program, uintptr_t start, uintptr_t end) {
  for (int i = 0; i < program->count; i++) {
    const ElfW(Phdr) *segment = &program->segments[i];
    if (segment->p_type != PT_LOAD || (segment->p_flags & PF_W) == 0) continue;
    uintptr_t first = program->base + segment->p_vaddr;
    if (start < first + segment->p_memsz && first < end) return false;
  }
  return true;
}

/*
 * Unmaps the pages of the program's own file. A start of Node reads and runs 30 MB of it (V8's snapshot, the sources of its modules, the
 * compiler) of which little is used again. They stay in the page cache, from where they are mapped anew, without a read, when they are.
 * Code that Node has moved to large pages (--use-largepages) is no part of the file, and left alone like everything else that is not.
 */
static int release_program(void) {
  struct program program = {0};
  dl_iterate_phdr(take_program, &program);
  char path[PATH_MAX];
  ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
  if (length < 0) return errno;
  path[length] = '\0';
  FILE *maps = fopen("/proc/self/maps", "re");
  if (maps == NULL) return errno;
  char *line = NULL;
  size_t size = 0;
  while (getline(&line, &size, maps) > 0) {
    uintptr_t start, end;
    char mode[5];
    int at = 0;
    line[strcspn(line, "\n")] = '\0';
    /* proc_pid_maps(5): address, mode, offset, device, inode, path */
    sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %4s %*x %*s %*u %n", &start, &end, mode, &at);
    if (at == 0 || strcmp(line + at, path) != 0 || mode[0] != 'r' || mode[1] != '-' || mode[3] != 'p') continue;
    if (never_writable(&program, start, end)) madvise((void *)start, end - start, MADV_DONTNEED);
  }
  free(line);
  fclose(maps);
  return 0;
}

/* releaseMemory(): gives back to the system what the process holds and can have again when it needs it → 0 or the number of an error */
static napi_value release_memory(napi_env env, napi_callback_info info) {
  (void)info;
  napi_value result;
#ifdef __GLIBC__
  malloc_trim(0);
#endif
  return napi_create_int32(env, release_program(), &result) == napi_ok ? result : NULL;
}

const napi_property_descriptor memory_functions[MEMORY_FUNCTIONS] = {
    {"releaseMemory", NULL, release_memory, NULL, NULL, NULL, napi_default, NULL},
};

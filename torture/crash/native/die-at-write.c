/*
 * Loaded into the program before all else (LD_PRELOAD): kills it at its k-th change of a file in one
 * folder. What changes files there are the writes, cuts and removals of SQLite and of Node.
 *
 *   TORTURE_FOLDER   the folder, with a slash at the end
 *   TORTURE_WRITE    k, from 1
 *   TORTURE_TORN     "1": only half of that write reaches the file, and no cut or removal is done
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static atomic_long seen;

static int is_ours(const char *path) {
  const char *folder = getenv("TORTURE_FOLDER");
  return folder && strncmp(path, folder, strlen(folder)) == 0;
}

static int is_open_of_ours(int fd) {
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length <= 0) return 0;
  path[length] = 0;
  return is_ours(path);
}

/* True when this is the change at which the program dies. */
static int is_due(void) {
  const char *at = getenv("TORTURE_WRITE");
  return atomic_fetch_add(&seen, 1) + 1 == (at ? atol(at) : -1);
}

static int is_torn(void) {
  const char *torn = getenv("TORTURE_TORN");
  return torn && torn[0] == '1';
}

static void die(void) {
  for (;;) kill(getpid(), SIGKILL);
}

#define REAL(name, ...) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))(__VA_ARGS__)

#define CHANGE(fd, whole, half)                 \
  do {                                          \
    if (!is_open_of_ours(fd)) return whole;     \
    if (!is_due()) return whole;                \
    if (is_torn()) half;                        \
    else (void)!whole;                          \
    die();                                      \
    return -1;                                  \
  } while (0)

ssize_t write(int fd, const void *bytes, size_t length) {
  CHANGE(fd, REAL(write, fd, bytes, length), (void)!REAL(write, fd, bytes, length / 2));
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) {
  CHANGE(fd, REAL(pwrite, fd, bytes, length, at), (void)!REAL(pwrite, fd, bytes, length / 2, at));
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t at) {
  CHANGE(fd, REAL(pwrite64, fd, bytes, length, at),
         (void)!REAL(pwrite64, fd, bytes, length / 2, at));
}

int ftruncate(int fd, off_t length) { CHANGE(fd, REAL(ftruncate, fd, length), (void)0); }

int ftruncate64(int fd, off64_t length) { CHANGE(fd, REAL(ftruncate64, fd, length), (void)0); }

int unlink(const char *path) {
  if (!is_ours(path) || !is_due()) return REAL(unlink, path);
  if (!is_torn()) (void)!REAL(unlink, path);
  die();
  return -1;
}

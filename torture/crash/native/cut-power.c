/*
 * Takes the power from a file system: what was not flushed is gone, as is its own log (ioctl
 * FS_IOC_SHUTDOWN with the flag that flushes nothing). Argument: a folder on that file system.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define FS_IOC_SHUTDOWN _IOR('X', 125, unsigned int)
#define FLUSH_NOTHING 2u

int main(int count, char **arguments) {
  unsigned int flags = FLUSH_NOTHING;
  int folder = count == 2 ? open(arguments[1], O_RDONLY | O_DIRECTORY) : -1;
  if (folder < 0 || ioctl(folder, FS_IOC_SHUTDOWN, &flags) != 0) {
    perror("cut-power");
    return 1;
  }
  return 0;
}

/*
 * The load of the benchmark: so many clients at once, each of which waits for its reply and asks
 * again; and the bare durable write. In C, so that it is not what is measured.
 *
 *   load ask SOCKET REQUESTS single|session SECONDS COUNT [STREAM-REQUEST]
 *     REQUESTS is a file with a line for each client: its requests, one behind a tab each, which it
 *     repeats. "single" = a connection for each request. Ends after so many seconds, but not before
 *     as many replies as there are clients; or, if COUNT is not 0, after so many replies.
 *     STREAM-REQUEST is sent on a connection of its own, and what comes is dropped.
 *   load write DIRECTORY SECONDS BYTES COPIES new|room
 *     Replaces a file, or as many copies of it at once: temporary files, sync and rename of each, fsync
 *     of the directory. "new" = each time new files; "room" = what was replaced is written over the next
 *     time, as the daemon does it.
 *
 * Prints one JSON object. Times are in nanoseconds.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* Buckets of a histogram: 64 for each power of two, so that a value is known to 2 %. */
#define STEPS 128
#define BUCKETS (64 * STEPS)
#define CLIENTS_MAX 4096
#define REQUESTS_MAX 64
#define REPLY_HEAD 256
#define COPIES_MAX 2
/* What a file grows by. */
#define BLOCK 4096
/* What a run may take beyond its time. */
#define PATIENCE_NS 600000000000u

struct client {
  int fd;
  int request_count;
  int next;
  char *requests[REQUESTS_MAX];
  size_t lengths[REQUESTS_MAX];
  uint64_t asked_at;
  size_t received;
  char head[REPLY_HEAD];
};

static struct client clients[CLIENTS_MAX];
static int client_count;
static uint64_t histogram[BUCKETS];
static uint64_t replies, refused, unanswered, retries, slowest, bytes_read, stream_bytes;
static struct sockaddr_un address = {.sun_family = AF_UNIX};
static int is_session, poll_fd;

static void fail(const char *what) {
  fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
  exit(1);
}

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void note(uint64_t ns) {
  if (ns > slowest) slowest = ns;
  /* Below STEPS a bucket is a nanosecond wide, then twice as wide with each power of two. */
  int power = ns < STEPS ? 0 : 63 - __builtin_clzll(ns) - 6;
  histogram[(uint64_t)power * STEPS + (ns >> power)]++;
}

static uint64_t percentile(double share) {
  uint64_t total = 0, seen = 0;
  for (int index = 0; index < BUCKETS; index++) total += histogram[index];
  for (int index = 0; index < BUCKETS; index++) {
    seen += histogram[index];
    if (total > 0 && (double)seen >= share * (double)total) {
      int power = index / STEPS;
      return (uint64_t)(index - power * STEPS) << power;
    }
  }
  return 0;
}

static void print_times(uint64_t count, uint64_t elapsed) {
  printf("{\"count\":%llu,\"elapsedNs\":%llu,\"p50Ns\":%llu,\"p99Ns\":%llu,\"maxNs\":%llu",
         (unsigned long long)count, (unsigned long long)elapsed,
         (unsigned long long)percentile(0.5), (unsigned long long)percentile(0.99),
         (unsigned long long)slowest);
}

static void read_requests(const char *path) {
  FILE *file = fopen(path, "r");
  if (file == NULL) fail(path);
  char *line = NULL;
  size_t size = 0;
  ssize_t length;
  while ((length = getline(&line, &size, file)) > 0) {
    if (line[length - 1] == '\n') line[length - 1] = 0;
    if (client_count == CLIENTS_MAX) break;
    struct client *client = &clients[client_count++];
    client->fd = -1;
    for (char *rest = line, *part; (part = strsep(&rest, "\t")) != NULL;) {
      if (client->request_count == REQUESTS_MAX) break;
      char *request;
      if (asprintf(&request, "%s%s", part, is_session ? "\n" : "") < 0) fail("memory");
      client->requests[client->request_count] = request;
      client->lengths[client->request_count++] = strlen(request);
    }
  }
  free(line);
  fclose(file);
}

static int connect_to_daemon(uint64_t id) {
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("socket");
  if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
    if (errno != EAGAIN) fail(address.sun_path);
    close(fd);
    return -1;
  }
  struct epoll_event wanted = {.events = EPOLLIN, .data.u64 = id};
  if (epoll_ctl(poll_fd, EPOLL_CTL_ADD, fd, &wanted) < 0) fail("epoll_ctl");
  return fd;
}

/* Gives 0 when the kernel queues no more connections at present. */
static int ask(int index) {
  struct client *client = &clients[index];
  if (client->asked_at == 0) client->asked_at = now();
  if (client->fd < 0) client->fd = connect_to_daemon((uint64_t)index);
  if (client->fd < 0) return 0;
  client->received = 0;
  size_t length = client->lengths[client->next];
  /* A daemon that ends the connection has the last word: it is read, or missed, below. */
  if (write(client->fd, client->requests[client->next], length) != (ssize_t)length && errno != EPIPE)
    fail("write");
  return 1;
}

/* Reads what is there. Gives 1 when the reply is complete. */
static int read_reply(struct client *client) {
  static char buffer[1 << 18];
  for (;;) {
    ssize_t length = read(client->fd, buffer, sizeof buffer);
    if (length < 0 && errno == EAGAIN) return 0;
    if (length <= 0) {
      close(client->fd);
      client->fd = -1;
      return 1;
    }
    if (client->received < REPLY_HEAD) {
      size_t room = REPLY_HEAD - client->received;
      memcpy(client->head + client->received, buffer, (size_t)length < room ? (size_t)length : room);
    }
    client->received += (size_t)length;
    bytes_read += (size_t)length;
    if (is_session && buffer[length - 1] == '\n') return 1;
    /* A reply of one connection ends with it: its end may be there already. */
    if (is_session && (size_t)length < sizeof buffer) return 0;
  }
}

static void note_reply(struct client *client) {
  note(now() - client->asked_at);
  client->asked_at = 0;
  replies++;
  size_t head = client->received < REPLY_HEAD ? client->received : REPLY_HEAD;
  if (client->received == 0) unanswered++;
  else if (memmem(client->head, head, "\"error\":", 8) != NULL) refused++;
  client->next = (client->next + 1) % client->request_count;
}

static void drop(int fd) {
  static char buffer[1 << 18];
  ssize_t length;
  while ((length = read(fd, buffer, sizeof buffer)) > 0) stream_bytes += (uint64_t)length;
}

static void run_clients(double seconds, uint64_t count, const char *stream_request) {
  static int waiting[CLIENTS_MAX];
  int waiting_count = 0, stream_fd = -1;
  poll_fd = epoll_create1(EPOLL_CLOEXEC);
  if (stream_request != NULL) {
    stream_fd = connect_to_daemon(CLIENTS_MAX);
    if (stream_fd < 0 || write(stream_fd, stream_request, strlen(stream_request)) < 0) fail("stream");
  }
  uint64_t start = now(), end = start + (uint64_t)(seconds * 1e9);
  for (int index = 0; index < client_count; index++) waiting[waiting_count++] = index;
  struct epoll_event events[256];
  uint64_t wanted = count > 0 ? count : (uint64_t)client_count;
  while (replies < wanted || (count == 0 && now() < end)) {
    if (now() > end + PATIENCE_NS) break;
    while (waiting_count > 0 && ask(waiting[waiting_count - 1])) waiting_count--;
    if (waiting_count > 0) retries++;
    int ready = epoll_wait(poll_fd, events, 256, waiting_count > 0 ? 1 : 100);
    for (int event = 0; event < ready; event++) {
      uint64_t index = events[event].data.u64;
      if (index == CLIENTS_MAX) {
        drop(stream_fd);
        continue;
      }
      if (!read_reply(&clients[index])) continue;
      note_reply(&clients[index]);
      if (!ask((int)index)) waiting[waiting_count++] = (int)index;
    }
  }
  print_times(replies, now() - start);
  printf(",\"refused\":%llu,\"unanswered\":%llu,\"retries\":%llu,\"bytesRead\":%llu,\"streamBytes\":%llu}\n",
         (unsigned long long)refused, (unsigned long long)unanswered, (unsigned long long)retries,
         (unsigned long long)bytes_read, (unsigned long long)stream_bytes);
}

static void run_writes(const char *directory, double seconds, size_t size, int copies, int in_room) {
  if (in_room) size = (size + BLOCK - 1) / BLOCK * BLOCK;
  char *text = malloc(size + 1);
  char names[COPIES_MAX][3][32];
  int files[COPIES_MAX];
  if (text == NULL || chdir(directory) < 0) fail(directory);
  memset(text, 'x', size);
  for (int copy = 0; copy < copies; copy++) {
    snprintf(names[copy][0], sizeof names[copy][0], "bare-%d.new", copy);
    snprintf(names[copy][1], sizeof names[copy][1], "bare-%d", copy);
    snprintf(names[copy][2], sizeof names[copy][2], "bare-%d.old", copy);
    for (int name = 0; name < 3; name++) unlink(names[copy][name]);
  }
  int how = O_WRONLY | O_CREAT | O_CLOEXEC | (in_room ? 0 : O_TRUNC);
  uint64_t start = now(), end = start + (uint64_t)(seconds * 1e9), before = start, count = 0;
  while (before < end) {
    for (int copy = 0; copy < copies; copy++) {
      int fd = open(names[copy][0], how, 0600);
      if (fd < 0 || write(fd, text, size) != (ssize_t)size) fail(names[copy][0]);
      files[copy] = fd;
    }
    for (int copy = 0; copy < copies; copy++)
      if ((in_room ? fdatasync(files[copy]) : fsync(files[copy])) < 0 || close(files[copy]) < 0) fail(names[copy][0]);
    for (int copy = 0; copy < copies; copy++) {
      int is_kept = in_room && link(names[copy][1], names[copy][2]) == 0;
      if (rename(names[copy][0], names[copy][1]) < 0) fail("rename");
      if (is_kept && rename(names[copy][2], names[copy][0]) < 0) fail("rename");
    }
    int fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) < 0 || close(fd) < 0) fail(directory);
    uint64_t after = now();
    note(after - before);
    before = after;
    count++;
  }
  print_times(count, before - start);
  printf("}\n");
  free(text);
}

int main(int count, char **words) {
  signal(SIGPIPE, SIG_IGN);
  if (count >= 7 && strcmp(words[1], "ask") == 0) {
    if (strlen(words[2]) >= sizeof address.sun_path) {
      errno = ENAMETOOLONG;
      fail(words[2]);
    }
    strcpy(address.sun_path, words[2]);
    is_session = strcmp(words[4], "session") == 0;
    read_requests(words[3]);
    run_clients(atof(words[5]), strtoull(words[6], NULL, 10), count > 7 ? words[7] : NULL);
  } else if (count == 7 && strcmp(words[1], "write") == 0 && atoi(words[5]) <= COPIES_MAX) {
    int in_room = strcmp(words[6], "room") == 0;
    run_writes(words[2], atof(words[3]), strtoull(words[4], NULL, 10), atoi(words[5]), in_room);
  } else {
    fprintf(stderr, "load: see the head of load.c\n");
    return 2;
  }
  return 0;
}

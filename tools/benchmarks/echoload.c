/*
 * echoload: a load generator so light that the server is the bottleneck.
 *
 *     echoload PORT CONNECTIONS BYTES SECONDS
 *
 * Opens CONNECTIONS to 127.0.0.1:PORT, keeps one message of BYTES under way on each, and prints how many
 * came back whole within SECONDS and the wall time in seconds: "messages seconds".
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void die(const char *what)
{
    perror(what);
    exit(1);
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: echoload PORT CONNECTIONS BYTES SECONDS\n");
        return 2;
    }
    int port = atoi(argv[1]), connections = atoi(argv[2]), size = atoi(argv[3]);
    double seconds = atof(argv[4]);
    char *message = malloc(size), *buffer = malloc(65536);
    int *got = calloc(connections + 16, sizeof *got), *fds = calloc(connections, sizeof *fds);
    int poll = epoll_create1(0);
    memset(message, 'x', size);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

    for (int i = 0; i < connections; i++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
        if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
            die("connect");
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = i};
        epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
        fds[i] = fd;
    }
    for (int i = 0; i < connections; i++)
        if (send(fds[i], message, size, 0) != size)
            die("send");

    long messages = 0;
    double start = now(), end = start + seconds, stop = start;
    while ((stop = now()) < end) {
        struct epoll_event events[256];
        int n = epoll_wait(poll, events, 256, 100);
        for (int k = 0; k < n; k++) {
            int i = events[k].data.u32;
            ssize_t count = recv(fds[i], buffer, 65536, 0);
            if (count <= 0)
                die("recv");
            got[i] += count;
            if (got[i] >= size) {
                got[i] -= size;
                messages++;
                if (send(fds[i], message, size, 0) != size)
                    die("send");
            }
        }
    }
    printf("%ld %.6f\n", messages, stop - start);
    return 0;
}

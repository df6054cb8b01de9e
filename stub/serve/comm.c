/* SPDX-License-Identifier: BSD-2-Clause */
/* Listening and accepting. See comm.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "comm.h"

#define BACKLOG 4

__attribute__((format(printf, 4, 5))) static int refuse(int err, char *error, size_t size, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(error, size, format, ap);
	va_end(ap);
	return err;
}

/*
 * The socket file of a server that is gone is in the way; the file of one that still answers is not ours to remove. A connection would make
 * us that server's client, so the question is asked by a datagram socket: connect() says EPROTOTYPE where somebody lives.
 */
static int remove_stale(const struct sockaddr_un *addr)
{
	struct stat st;
	int fd, err;

	if (lstat(addr->sun_path, &st))
		return 0;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	err = connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) ? errno : 0;
	close(fd);
	if (err != ECONNREFUSED)
		return err == EPROTOTYPE || !err ? -EADDRINUSE : -err;
	return unlink(addr->sun_path) ? -errno : 0;
}

/* The mode of the socket becomes that of its name; the umask is the process's, and is left alone. */
static int bind_unix(const struct sockaddr_un *addr)
{
	int err = 0, fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (fchmod(fd, 0600) || bind(fd, (const struct sockaddr *)addr, sizeof(*addr)) || listen(fd, BACKLOG))
		err = -errno;
	if (!err)
		return fd;
	close(fd);
	return err;
}

static int listen_unix(struct comm *c, const char *path, char *error, size_t size)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int err;

	if (!*path || strlen(path) >= sizeof(addr.sun_path))
		return refuse(-EINVAL, error, size, "unix:%.60s: a socket path has 1 to %zu characters", path,
			sizeof(addr.sun_path) - 1);
	strcpy(addr.sun_path, path);
	err = remove_stale(&addr);
	if (!err) {
		c->listener = bind_unix(&addr);
		err = c->listener < 0 ? c->listener : 0;
	}
	if (!err && !(c->path = strdup(path)))
		err = -ENOMEM;
	return err ? refuse(err, error, size, "unix:%s: %s", path, strerror(-err)) : 0;
}

struct address {
	struct sockaddr_storage sa;
	socklen_t len;
};

/*
 * A numeric address, localhost, * for every interface, or nothing, which is loopback. Names are not looked up: a resolver would
 * tie a static build to the C library's plug-ins.
 */
static int parse_host(struct address *a, const char *host, uint16_t port)
{
	struct sockaddr_in *in4 = (struct sockaddr_in *)&a->sa;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&a->sa;

	memset(a, 0, sizeof(*a));
	if (!*host || !strcmp(host, "localhost"))
		host = "127.0.0.1";
	if (!strcmp(host, "*"))
		host = "0.0.0.0";
	if (inet_pton(AF_INET, host, &in4->sin_addr) == 1) {
		in4->sin_family = AF_INET;
		in4->sin_port = htons(port);
		a->len = sizeof(*in4);
		return 0;
	}
	if (inet_pton(AF_INET6, host, &in6->sin6_addr) == 1) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(port);
		a->len = sizeof(*in6);
		return 0;
	}
	return -EINVAL;
}

static int bind_tcp(const struct address *a)
{
	int one = 1, err = 0, fd = socket(a->sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (const struct sockaddr *)&a->sa, a->len) || listen(fd, BACKLOG))
		err = -errno;
	if (!err)
		return fd;
	close(fd);
	return err;
}

/* The socket's TCP port; 0 for a socket of another kind. */
static int port_of(int fd)
{
	struct sockaddr_storage addr = { 0 };
	socklen_t len = sizeof(addr);

	if (getsockname(fd, (struct sockaddr *)&addr, &len))
		return 0;
	if (addr.ss_family == AF_INET6)
		return ntohs(((struct sockaddr_in6 *)&addr)->sin6_port);
	return addr.ss_family == AF_INET ? ntohs(((struct sockaddr_in *)&addr)->sin_port) : 0;
}

static int listen_tcp(struct comm *c, const char *arg, char *error, size_t size)
{
	const char *colon = strrchr(arg, ':');
	size_t len = colon - arg;
	bool brackets = len >= 2 && arg[0] == '[' && colon[-1] == ']';
	char host[INET6_ADDRSTRLEN], *end;
	unsigned long port = strtoul(colon + 1, &end, 10);
	struct address a;

	if (colon[1] < '0' || colon[1] > '9' || *end || port > UINT16_MAX)
		return refuse(-EINVAL, error, size, "%s: a port is a number from 0 to 65535", arg);
	snprintf(host, sizeof(host), "%.*s", (int)(brackets ? len - 2 : len), brackets ? arg + 1 : arg);
	if (len >= sizeof(host) || parse_host(&a, host, port))
		return refuse(-EINVAL, error, size, "%s: HOST is an IP address, localhost, or * for every interface", arg);
	c->listener = bind_tcp(&a);
	if (c->listener < 0)
		return refuse(c->listener, error, size, "cannot listen on %s: %s", arg, strerror(-c->listener));
	c->port = port_of(c->listener);
	return 0;
}

int comm_open(struct comm *c, const char *arg, char *error, size_t size)
{
	int err;

	*c = (struct comm){ .listener = -1 };
	if (!strncmp(arg, "unix:", 5))
		err = listen_unix(c, arg + 5, error, size);
	else if (strrchr(arg, ':'))
		err = listen_tcp(c, arg, error, size);
	else
		err = refuse(-EINVAL, error, size, "%s: not HOST:PORT, :PORT or unix:PATH", arg);
	if (err)
		comm_close(c);
	return err;
}

bool comm_take(struct comm *c, int fd)
{
	int listens = 0;
	socklen_t size = sizeof(listens);

	*c = (struct comm){ .listener = -1 };
	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) || !listens)
		return false;
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	c->listener = fd;
	c->port = port_of(fd);
	return true;
}

void comm_forget(struct comm *c)
{
	if (c->listener >= 0)
		close(c->listener);
	free(c->path);
	*c = (struct comm){ .listener = -1 };
}

void comm_close(struct comm *c)
{
	if (c->path)
		unlink(c->path);
	comm_forget(c);
}

/* A client whose network is gone is noticed after a minute, not never, whether the client or the server has spoken last. */
static void tune_tcp(int fd)
{
	static const struct {
		int level, name, value;
	} options[] = {
		{ IPPROTO_TCP, TCP_USER_TIMEOUT, 60000 },
		{ IPPROTO_TCP, TCP_NODELAY, 1 },
		{ SOL_SOCKET, SO_KEEPALIVE, 1 },
		{ IPPROTO_TCP, TCP_KEEPIDLE, 30 },
		{ IPPROTO_TCP, TCP_KEEPINTVL, 10 },
		{ IPPROTO_TCP, TCP_KEEPCNT, 3 },
	};

	for (unsigned i = 0; i < sizeof(options) / sizeof(*options); i++)
		setsockopt(fd, options[i].level, options[i].name, &options[i].value, sizeof(options[i].value));
}

void comm_tune(int fd)
{
	/* What is more waits in the program, and is moved again. */
	static const int room = 0x40000;

	fcntl(fd, F_SETFD, FD_CLOEXEC);
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	if (port_of(fd))
		tune_tcp(fd);
}

int comm_accept(struct comm *c)
{
	int fd = accept4(c->listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return -errno;
	comm_tune(fd);
	return fd;
}

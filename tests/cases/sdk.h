/* SPDX-License-Identifier: MIT */
/*
 * The SDK of service B: bare epoll, send and read. C++ to its users, and in its symbols (class DataApi); written in C, so that the tests need no C++ compiler.
 */
#ifndef SDK_H
#define SDK_H

/* DataApi::connect(const char *, int): a connected socket, or -1. */
int data_api_connect(const char *host, int port) __asm__("_ZN7DataApi7connectEPKci");
/* DataApi::request(int): asks, and waits for the answer. 0, or -1. */
int data_api_request(int fd) __asm__("_ZN7DataApi7requestEi");
/* DataApi::push(int): sends, and waits for nothing. 0, or -1. */
int data_api_push(int fd) __asm__("_ZN7DataApi4pushEi");

#endif

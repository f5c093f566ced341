#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
load fdguard

@test "says hello" {
	[ "$(lookup)" = hello ]
}

@test "leaks nothing" {
	fdguard_check --fail-on warning -- lookup
}

@test "says hello and leaks nothing" {
	hello=$(fdguard_check -- lookup)
	[ "$hello" = hello ]
}

# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# The JVM starts children in three ways: posix_spawn of a helper (the default), vfork, fork.
. "$FDG_SRC/tests/compat/compare.sh"
need java javac

javac -d seed "$programs/Processes.java"
for way in POSIX_SPAWN VFORK FORK; do
	compare "java, $way" 5 java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:-UsePerfData "-Djdk.lang.Process.launchMechanism=$way" -cp . Processes
done

finish

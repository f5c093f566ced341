# SPDX-License-Identifier: MIT
# async.tcl HOST PORT: connects without blocking, says hello when that is done, prints what comes back. All of it is Tcl's own event
# loop, which waits in select.
proc connected {s} {
    fileevent $s writable {}
    set problem [fconfigure $s -error]
    if {$problem ne ""} {
        puts $problem
        set ::done 1
        return
    }
    puts $s hello
    fileevent $s readable [list answer $s]
}

proc answer {s} {
    if {[gets $s line] >= 0} {
        puts "answer: $line"
        set ::done 0
    } elseif {[eof $s]} {
        puts "hung up"
        set ::done 1
    }
}

set s [socket -async [lindex $argv 0] [lindex $argv 1]]
fconfigure $s -blocking 0 -buffering line
fileevent $s writable [list connected $s]
after 10000 {
    puts "no answer"
    set done 1
}
vwait done
exit $done

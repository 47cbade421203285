// Reads and writes BGP messages with GoBGP's packet library, for bench/bgp-codec.ts.
//
// Takes the milliseconds that each measurement lasts, and a line for each message, in hexadecimal digits, on standard input. Prints a line
// for each: nanoseconds of processor time that reading and writing it took.
package main

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"

	"github.com/osrg/gobgp/v3/pkg/packet/bgp"
)

func main() {
	milliseconds, err := strconv.Atoi(os.Args[1])
	check(err)
	duration := time.Duration(milliseconds) * time.Millisecond
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		data, err := hex.DecodeString(lines.Text())
		check(err)
		message, err := bgp.ParseBGPMessage(data)
		check(err)
		written, err := message.Serialize()
		check(err)
		if !bytes.Equal(data, written) {
			check(fmt.Errorf("what was %x is written as %x", data, written))
		}
		reading := measure(duration, func() { _, err = bgp.ParseBGPMessage(data) })
		check(err)
		writing := measure(duration, func() { _, err = message.Serialize() })
		check(err)
		fmt.Println(reading, writing)
	}
	check(lines.Err())
}

// measure repeats the work until it has used the processor for so long; nanoseconds that one turn took.
func measure(duration time.Duration, work func()) int64 {
	turns := int64(0)
	start := processorTime()
	for {
		for i := 0; i < 100; i++ {
			work()
		}
		turns += 100
		if used := processorTime() - start; used >= duration {
			return used.Nanoseconds() / turns
		}
	}
}

// processorTime is what all threads of this process have used, those of the garbage collector too.
func processorTime() time.Duration {
	var usage syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// Reader runs a private PC/SC daemon with a virtual reader until its standard input
// ends. It prints the address at which a virtual key plugs in, and then the
// environment variable that leads PC/SC clients to it.
package main

import (
	"fmt"
	"io"
	"os"

	"github.com/tokenctl/tokenctl/oath/pcsc/pcscdtest"
)

func main() {
	d, err := pcscdtest.Launch()
	if err != nil {
		fmt.Fprintln(os.Stderr, "reader:", err)
		os.Exit(1)
	}
	defer d.Stop()
	fmt.Println(d.Slots()[0])
	fmt.Println(d.Env()[0])
	io.Copy(io.Discard, os.Stdin)
}

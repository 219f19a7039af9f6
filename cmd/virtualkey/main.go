// Virtualkey plugs a virtual YubiKey into a virtual smart card reader, so that
// programs which talk to a YubiKey over PC/SC can be tested without one.
//
// Usage:
//
//	virtualkey --connect HOST:PORT [flags]
//
// The reader is the vpcd driver of vsmartcard, in a running pcscd. Virtualkey
// dials it, for up to --wait if it is not there yet, prints one line on standard
// error when the reader has found the key, and stays. SIGINT or SIGTERM pull the
// key out.
//
// The key has the OATH, PIV and Management applets, and the serial number of the
// OTP applet. Programs look for a YubiKey by the reader's name, so that the
// FRIENDLYNAME in reader.conf.d should be "Yubico YubiKey OTP+FIDO+CCID".
//
// # The key
//
// --firmware X.Y.Z is the version it claims and behaves like, bugs included
// (5.7.1). --serial N is its serial number (12345678). --state FILE keeps it in a
// file: the next time it is the same key with the same accounts. The file holds
// secrets, has mode 0600, and is used by one process at a time. --disable APP
// switches an application off, oath, otp or piv.
//
// --quirk NAME gives it a habit of another vendor's card; -h lists them.
//
// # Touch
//
// --touch says when the finger comes to an account that wants it: auto, at once;
// never; or after a duration such as 3s. After --touch-timeout (15s) the key
// gives up with 6982.
//
// # Faults
//
// --fault WHEN:WHAT makes something go wrong once. WHEN is the number of the
// command since the key was plugged in, beginning with 1; or ins=HH, the first
// command with that instruction; or ins=HH@N, the Nth. WHAT is
//
//	sw=HHHH     answer that status word; the command is not executed
//	reply=HEX   answer those bytes; the command is not executed
//	delay=D     execute it after a duration such as 500ms
//	pull        pull the key out; the command is not executed
//	pull-after  execute it, and pull the key out before it answers
//	truncate=N  execute it, and answer only the first N bytes
//
// # Trace
//
// --trace FILE appends what goes over the wire, secrets included; - is standard
// error. A line is the number of the command, the direction and the APDU:
//
//	000007 > 00a4040007a0000005272101
//	000007 < 7903050701710800112233445566779000
//	000007 * reset
//
// so that the number of lines with " > " is the number of APDUs spent.
//
// # Exit status
//
// 0 after a signal; 1 if the reader cannot be reached, went away, or the state
// cannot be used, or a fault pulled the key out; 2 for a wrong command line.
//
// --quirk, --fault and --disable may be repeated.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/tokenctl/tokenctl/oath/virtualkey"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	switch err := run(ctx, os.Args[1:], os.Stderr); {
	case err == nil, errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errUsage):
		os.Exit(2)
	default:
		fmt.Fprintln(os.Stderr, "virtualkey:", err)
		os.Exit(1)
	}
}

// run plugs a key in until the context ends.
func run(ctx context.Context, args []string, stderr io.Writer) error {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	if o.trace != "" {
		trace, err := openTrace(o.trace, stderr)
		if err != nil {
			return err
		}
		defer trace.Close()
		o.key.Trace = trace
	}
	key, err := virtualkey.New(o.key)
	if err != nil {
		return err
	}
	defer key.Close()
	conn, err := dial(ctx, o.address, o.wait)
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return err
	}
	return key.Serve(ctx, conn, func() {
		fmt.Fprintf(stderr, "virtualkey: YubiKey %d is plugged in at %s\n", key.Serial(), o.address)
	})
}

// dial connects to the reader, and tries again for a while if it is not there.
func dial(ctx context.Context, address string, wait time.Duration) (net.Conn, error) {
	deadline := time.Now().Add(wait)
	for {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err == nil {
			return conn, nil
		}
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("connecting to the reader: %w", err)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// openTrace opens the file that the trace is appended to.
func openTrace(path string, stderr io.Writer) (io.WriteCloser, error) {
	if path == "-" {
		return writer{stderr}, nil
	}
	return os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
}

// writer is a stream that is not ours to close.
type writer struct{ io.Writer }

func (writer) Close() error { return nil }

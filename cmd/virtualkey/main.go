// Virtualkey is a YubiKey in software, plugged into a virtual smart card reader:
// programs that talk to a YubiKey over PC/SC can be tested without one.
//
// Usage:
//
//	virtualkey run [flags] [--] COMMAND [ARG]...
//	virtualkey --connect HOST:PORT [flags]
//
// The first form runs a command that finds the key, and no other, in a private
// PC/SC daemon:
//
//	virtualkey run -- ykman list
//	virtualkey run --firmware 5.4.3 -- make test
//
// It needs Linux with pcscd and the vpcd driver of vsmartcard; and user namespaces,
// or root. The command has the streams, the terminal, the folder and the
// environment of virtualkey, and in the environment PCSCLITE_CSOCK_NAME, by which
// libpcsclite finds the daemon. It starts when the reader has found the key. Once it
// has ended, however that was, nothing is left of the daemon, no file and no process.
// SIGTERM and SIGHUP go on to the command, and so does SIGINT, but not in the
// foreground of a terminal, which sends it to both. If virtualkey is killed, so is the
// command.
//
// The second form plugs the key into a vpcd reader that is there already, in a
// running pcscd. Virtualkey dials it, for up to --wait if it is not there yet, prints
// one line on standard error when the reader has found the key, and stays. SIGINT or
// SIGTERM pull the key out. Programs look for a YubiKey by the reader's name, so that
// the FRIENDLYNAME in reader.conf.d should be "Yubico YubiKey OTP+FIDO+CCID".
//
// # The key
//
// The key has the OATH, PIV and Management applets, and the serial number of the
// OTP applet.
//
// --firmware X.Y.Z is the version it claims and behaves like, bugs included
// (5.7.1). --serial N is its serial number (12345678). --state FILE keeps it in a
// file: the next time it is the same key with the same accounts. The file holds
// secrets, has mode 0600, and is used by one process at a time. --disable APP
// switches an application off, oath, otp or piv.
//
// --quirk NAME gives it a habit of another vendor's card; -h lists them.
//
// Run names the reader as that firmware has it on hardware, and --reader-name NAME
// otherwise. With "OTP+CCID" in its place, ykman does not look for FIDO.
//
// # Touch
//
// --touch says when the finger comes to an account that wants it: auto, at once;
// never, unless by --control; or after a duration such as 3s. After --touch-timeout
// (15s) the key gives up with 6982.
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
// # Control
//
// --control FILE listens on a Unix socket of mode 0600 for programs that want to do
// something to the key while it is in use; FILE is there when the key is plugged in. A
// request is a line with a JSON object, and so is the reply, in order: {"ok":true}, or
// {"ok":false,"error":"..."}.
//
//	{"do":"touch"}                       wait until the key blinks, and touch it
//	{"do":"pull"}                        pull the key out
//	{"do":"plug"}                        plug it in again
//	{"do":"faults","faults":["3:pull"]}  replace the faults, and count commands anew
//	{"do":"trace"}                       the last lines of the trace, in "trace"
//	{"do":"status"}                      "serial", "firmware", "plugged", and in
//	                                     "exchanges" the APDUs so far
//	{"do":"close"}                       end as after SIGTERM
//
// The reply to plug comes when the reader has found the key, and under run the reply
// to pull when it has noticed that. Any number of clients
// may be connected. One that hangs up takes back the touch that it waits with. With
// --control, the second form stays when the key is pulled out; and a socket that it left
// when it was killed is replaced by the next.
//
// # Exit status
//
// Of run, that of the command, or 128 and the number of the signal that ended it; 127
// if there is no such command, 126 if it cannot be run, 125 if virtualkey itself
// failed, be it for a wrong command line.
//
// Otherwise 0 after a signal; 1 if the reader cannot be reached, went away, or the
// state cannot be used, or a fault pulled the key out; 2 for a wrong command line.
//
// --quirk, --fault and --disable may be repeated. TOKENCTL_VPCD in the environment
// names a driver, libifdvpcd.so, that is neither beside virtualkey nor installed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/tokenctl/tokenctl/oath/virtualkey"
)

func main() {
	args := os.Args[1:]
	var status int
	var err error
	if len(args) > 0 && args[0] == "run" {
		if status, err = run(args[1:], os.Stderr); err != nil && status == 0 {
			status = statusFailed
		}
	} else {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		if err = connect(ctx, args, os.Stderr); errors.Is(err, errUsage) {
			status = 2
		} else if err != nil {
			status = 1
		}
	}
	switch {
	case errors.Is(err, flag.ErrHelp):
		status = 0
	case err != nil && !errors.Is(err, errUsage):
		fmt.Fprintln(os.Stderr, "virtualkey:", err)
	}
	os.Exit(status)
}

// withKey makes the key, and has it used.
func (o *options) withKey(stderr io.Writer, use func(*virtualkey.Key, *recent) error) error {
	seen := new(recent)
	o.key.Trace = seen
	if o.trace != "" {
		trace, err := openTrace(o.trace, stderr)
		if err != nil {
			return err
		}
		defer trace.Close()
		o.key.Trace = io.MultiWriter(seen, trace)
	}
	key, err := virtualkey.New(o.key)
	if err != nil {
		return err
	}
	defer key.Close()
	return use(key, seen)
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

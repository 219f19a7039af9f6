package main

import (
	"cmp"
	"encoding"
	"errors"
	"flag"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/tokenctl/tokenctl/oath/virtualkey"
)

// errUsage is a mistake on the command line, which was reported on stderr.
var errUsage = errors.New("usage")

// options are what the command line says.
type options struct {
	key     virtualkey.Config
	trace   string // file, or - for stderr, or nothing
	control string // socket, or nothing

	address string        // of the reader, host and port
	wait    time.Duration // for the reader to be there

	reader  string   // name of run's own reader
	command []string // of run
}

// parse reads a command line that plugs the key into a reader. It returns errUsage or
// flag.ErrHelp.
func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	f := flags(&o, "--connect HOST:PORT [flags]\n       virtualkey run [flags] [--] COMMAND [ARG]...", stderr)
	f.StringVar(&o.address, "connect", "", "`host:port` of the vpcd reader")
	f.DurationVar(&o.wait, "wait", 10*time.Second, "how long to wait for the reader")
	if err := f.Parse(args); err != nil {
		return o, usageError(err)
	}
	switch {
	case f.NArg() > 0:
		fmt.Fprintf(stderr, "unexpected argument %q\n", f.Arg(0))
		return o, errUsage
	case o.address == "":
		fmt.Fprintln(stderr, "neither run nor --connect is given; see virtualkey -h")
		return o, errUsage
	}
	return o, nil
}

// parseRun reads a command line that runs a command, from behind "run".
func parseRun(args []string, stderr io.Writer) (options, error) {
	var o options
	f := flags(&o, "run [flags] [--] COMMAND [ARG]...", stderr)
	f.StringVar(&o.reader, "reader-name", "", "`name` of the reader (default that of such a key)")
	if err := f.Parse(args); err != nil {
		return o, usageError(err)
	}
	if o.command = f.Args(); len(o.command) == 0 {
		fmt.Fprintln(stderr, "the command is missing; see virtualkey run -h")
		return o, errUsage
	}
	o.reader = cmp.Or(o.reader, o.key.Firmware.Reader())
	return o, nil
}

func usageError(err error) error {
	if errors.Is(err, flag.ErrHelp) {
		return err
	}
	return errUsage
}

// flags are those of both forms, shown with a line on how to use the one at hand.
func flags(o *options, form string, stderr io.Writer) *flag.FlagSet {
	f := flag.NewFlagSet("virtualkey", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.Usage = func() {
		fmt.Fprintln(stderr, "usage: virtualkey", form)
		f.PrintDefaults()
		fmt.Fprint(stderr, "\nquirks:\n"+quirksHelp)
	}
	o.key.Firmware = virtualkey.DefaultFirmware
	f.StringVar(&o.key.State, "state", "", "`file` that keeps the key")
	f.StringVar(&o.trace, "trace", "", "`file` for a trace of the APDUs, - for standard error")
	f.StringVar(&o.control, "control", "", "`file` of a socket to touch, pull and plug the key by")
	f.DurationVar(&o.key.TouchTimeout, "touch-timeout", virtualkey.DefaultTouchTimeout, "how long the key waits for a touch")
	f.Func("firmware", "`version` of the firmware (default "+virtualkey.DefaultFirmware.String()+")", set(&o.key.Firmware, parseText[virtualkey.Version]))
	f.Func("serial", "serial `number` (default "+strconv.Itoa(virtualkey.DefaultSerial)+")", set(&o.key.Serial, parseSerial))
	f.Func("touch", "`when` the finger comes: auto, never or a duration (default auto)", set(&o.key.Touch, parseText[virtualkey.Touch]))
	f.Func("disable", "`application` to switch off: oath, otp or piv", add(&o.key.Disable, parseApplication))
	f.Func("quirk", "`name` of another vendor's habit, see below", add(&o.key.Quirks, parseText[virtualkey.Quirks]))
	f.Func("fault", "`spec` of a fault, such as 3:sw=6f00", func(s string) error {
		fault, err := parseText[virtualkey.Fault](s)
		o.key.Faults = append(o.key.Faults, fault)
		return err
	})
	return f
}

// parseText reads a value from its text.
func parseText[T any, P interface {
	*T
	encoding.TextUnmarshaler
}](s string) (value T, err error) {
	err = P(&value).UnmarshalText([]byte(s))
	return value, err
}

// parseApplication reads the name of an application.
func parseApplication(s string) (virtualkey.Capability, error) {
	switch strings.ToLower(s) {
	case "oath":
		return virtualkey.CapabilityOATH, nil
	case "otp":
		return virtualkey.CapabilityOTP, nil
	case "piv":
		return virtualkey.CapabilityPIV, nil
	}
	return 0, fmt.Errorf("application %q is not oath, otp or piv", s)
}

// set returns the function of a flag that holds one value.
func set[T any](value *T, parse func(string) (T, error)) func(string) error {
	return func(s string) (err error) {
		*value, err = parse(s)
		return err
	}
}

// add returns the function of a flag that collects bits.
func add[T ~uint16 | ~uint32](bits *T, parse func(string) (T, error)) func(string) error {
	return func(s string) error {
		bit, err := parse(s)
		*bits |= bit
		return err
	}
}

func parseSerial(s string) (uint32, error) {
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil || n == 0 {
		return 0, fmt.Errorf("serial number %q is not in 1..4294967295", s)
	}
	return uint32(n), nil
}

// quirksHelp has a line for each quirk: its name and what it does.
const quirksHelp = `unknown-tags         unknown data objects in every response
no-reset             RESET is an unknown instruction
locked-reset         RESET wants the password, if there is one
no-rename            RENAME is an unknown instruction
no-calculate-all     CALCULATE ALL is an unknown instruction
no-overwrite         PUT of a name there is answers 6985
unreduced-values     truncated values of 31 bits, as on a YubiKey NEO
unmasked-values      truncated values with their top bit
no-salt              SELECT of OATH without tag 71
algorithm-21         SELECT of OATH answers 21 in tag 7B
one-reply            long responses whole, longer than was asked for
empty-chunk          an empty piece before the last of every response
small-chunks         responses in pieces of 13 bytes
not-found-6a82       no such account is 6A82
not-found-6a88       no such account is 6A88
wrong-password-6982  a wrong password is 6982
no-serial            reports no serial number
no-management        has no Management applet
wrong-password-6984  a wrong password is 6984
count-first          HOTP counts before it computes
ignored-touch        the touch property is taken and ignored
small-buffer         LIST and CALCULATE ALL of more than 1 KB are 6700
long-names           names of up to 200 bytes
stays-open           a SELECT of OATH within OATH leaves it unlocked
roomy                holds 255 accounts
strictly-increasing  property 01: the same challenge again is 6982, too
`

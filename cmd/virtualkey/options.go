package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/tokenctl/tokenctl/oath/virtualkey"
)

// errUsage is a mistake on the command line, which was told on stderr.
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
		fmt.Fprint(stderr, "\nquirks:\n"+virtualkey.QuirksHelp())
	}
	o.key.Firmware = virtualkey.DefaultFirmware
	f.StringVar(&o.key.State, "state", "", "`file` that keeps the key")
	f.StringVar(&o.trace, "trace", "", "`file` for a trace of the APDUs, - for standard error")
	f.StringVar(&o.control, "control", "", "`file` of a socket to touch, pull and plug the key by")
	f.DurationVar(&o.key.TouchTimeout, "touch-timeout", virtualkey.DefaultTouchTimeout, "how long the key waits for a touch")
	f.Func("firmware", "`version` of the firmware (default "+virtualkey.DefaultFirmware.String()+")", set(&o.key.Firmware, virtualkey.ParseVersion))
	f.Func("serial", "serial `number` (default "+strconv.Itoa(virtualkey.DefaultSerial)+")", set(&o.key.Serial, parseSerial))
	f.Func("touch", "`when` the finger comes: auto, never or a duration (default auto)", set(&o.key.Touch, virtualkey.ParseTouch))
	f.Func("disable", "`application` to switch off: oath, otp or piv", add(&o.key.Disable, virtualkey.ParseCapability))
	f.Func("quirk", "`name` of another vendor's habit, see below", add(&o.key.Quirks, virtualkey.ParseQuirks))
	f.Func("fault", "`spec` of a fault, such as 3:sw=6f00", func(s string) error {
		fault, err := virtualkey.ParseFault(s)
		o.key.Faults = append(o.key.Faults, fault)
		return err
	})
	return f
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

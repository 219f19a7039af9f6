package virtualkey

import (
	"fmt"
	"io"
)

// trace writes down what goes over the wire, secrets included. A line is
//
//	000007 > 00a4040007a0000005272101
//	000007 < 7903050701710800112233445566779000
//	000007 * reset
//
// the number of the command since the key was made, the direction, to the key
// or from it, and the APDU in hexadecimal; or an asterisk and what happened
// after that command. The lines with " > " are the APDUs that were spent.
type trace struct {
	w io.Writer
	n int
}

func (t *trace) command(apdu []byte) {
	t.n++
	t.line('>', fmt.Sprintf("%x", apdu))
}

func (t *trace) response(apdu []byte) { t.line('<', fmt.Sprintf("%x", apdu)) }

func (t *trace) event(what string) { t.line('*', what) }

// line writes a line in one piece. A key works on when nobody can watch it, so
// that the error is of no use to anybody.
func (t *trace) line(mark byte, text string) {
	if t.w != nil {
		fmt.Fprintf(t.w, "%06d %c %s\n", t.n, mark, text)
	}
}

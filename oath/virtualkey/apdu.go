package virtualkey

import "encoding/binary"

// A status is the status word at the end of a response, ISO 7816-4, 5.6.
type status uint16

const (
	swOK                 status = 0x9000
	swMore               status = 0x6100 // low byte: how much, 00 for 256 and more
	swMemoryFailure      status = 0x6581
	swWrongLength        status = 0x6700
	swSecurity           status = 0x6982 // locked, or not touched
	swDataInvalid        status = 0x6984 // as ykneo-oath: no such account, no such code
	swConditions         status = 0x6985
	swWrongData          status = 0x6A80
	swFileNotFound       status = 0x6A82
	swNoSpace            status = 0x6A84
	swReferenceNotFound  status = 0x6A88
	swWrongP1P2          status = 0x6B00
	swUnknownInstruction status = 0x6D00
	swUnknownClass       status = 0x6E00
	swAborted            status = 0x6F00
)

// reply returns the response APDU.
func (sw status) reply(data []byte) []byte {
	return binary.BigEndian.AppendUint16(append([]byte(nil), data...), uint16(sw))
}

// A command is a command APDU taken apart.
type command struct {
	cla, ins, p1, p2 byte
	data             []byte
	max              int // the longest response data the client takes, Ne
}

// p1p2 returns both parameters as they are written in the specifications.
func (c command) p1p2() uint16 { return uint16(c.p1)<<8 | uint16(c.p2) }

const (
	shortMax    = 256
	extendedMax = 0xFFFF - 2 // what fits a frame of the reader, with the status word
)

// parseCommand takes a short or extended command APDU apart, ISO 7816-4, 5.2.
// Without Le a response as long as the form allows is taken, as over USB.
func parseCommand(b []byte) (command, status) {
	if len(b) < 4 {
		return command{}, swWrongLength
	}
	c := command{cla: b[0], ins: b[1], p1: b[2], p2: b[3], max: shortMax}
	body := b[4:]
	switch {
	case len(body) == 0:
		return c, swOK
	case len(body) == 1:
		c.max = length(body, shortMax)
		return c, swOK
	case body[0] != 0:
		return c.short(int(body[0]), body[1:])
	}
	return c.extended(body[1:])
}

// short takes the data and Le after a one-byte Lc.
func (c command) short(lc int, rest []byte) (command, status) {
	switch len(rest) - lc {
	case 0:
	case 1:
		c.max = length(rest[lc:], shortMax)
	default:
		return c, swWrongLength
	}
	c.data = rest[:lc]
	return c, swOK
}

// extended takes what follows the zero byte that marks the extended form.
func (c command) extended(rest []byte) (command, status) {
	c.max = extendedMax
	if len(rest) < 2 {
		return c, swWrongLength
	}
	if len(rest) == 2 {
		c.max = length(rest, extendedMax)
		return c, swOK
	}
	lc := int(binary.BigEndian.Uint16(rest))
	rest = rest[2:]
	switch len(rest) - lc {
	case 0:
	case 2:
		c.max = length(rest[lc:], extendedMax)
	default:
		return c, swWrongLength
	}
	c.data = rest[:lc]
	return c, swOK
}

// length decodes Le, where zero stands for the maximum.
func length(le []byte, max int) int {
	n := 0
	for _, b := range le {
		n = n<<8 | int(b)
	}
	if n == 0 || n > max {
		return max
	}
	return n
}

package virtualkey_test

import (
	"bytes"
	"encoding/hex"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/tokenctl/tokenctl/oath/virtualkey"
)

// exchange is what goes over the wire, in hexadecimal, as a table of it reads
// best: a line that begins with > is a command, the line with < after it the
// answer and its status word. 00*16 is a byte sixteen times, ... is anything.
type exchange string

// The beginnings of exchanges. The key's random bytes are zeros, so that the proof
// of the management key is always the same: it is the cipher of them.
const (
	oathOn  exchange = "> 00A4040007 A0000005272101 \n < ... 9000 \n"
	pivOn   exchange = "> 00A4040005 A000000308 \n < 6111 4F06 000010000100 7907 4F05 A000000308 9000 \n"
	proof   exchange = pivOn + "> 00870A9B04 7C028100 \n < 7C12 8110 00*16 9000 \n > 00870A9B14 7C12 8210 5C8153E77589B223422406BF22908E22 \n < 9000 \n"
	proof3  exchange = pivOn + "> 0087039B04 7C028100 \n < 7C0A 8108 00*8 9000 \n > 0087039B0C 7C0A 8208 B073DC3FB209536D \n < 9000 \n"
	rfc6238 exchange = oathOn + "> 0001000024 710A 74657374766563746F72 7316 2108 3132333435363738393031323334353637383930 \n < 9000 \n"
)

var (
	neo  = virtualkey.Version{3, 4, 0}
	yk42 = virtualkey.Version{4, 2, 7}
	yk43 = virtualkey.Version{4, 3, 7}
	yk54 = firmware54
	yk57 = virtualkey.Version{5, 7, 1}
)

// What a YubiKey answers where other answers would be as good, byte by byte.
func TestHardware(t *testing.T) {
	for _, test := range []struct {
		what      string
		firmwares []virtualkey.Version
		exchange  exchange
	}{
		{"a truncated code is reduced to its 8 digits, 94287082", []virtualkey.Version{yk42, yk43, yk54, yk57}, rfc6238 + `
			> 00A2000116 710A 74657374766563746F72 7408 0000000000000001
			< 7605 08 059EB4EA 9000
			> 00A400010A 7408 0000000000000001
			< 710A 74657374766563746F72 7605 08 059EB4EA 9000`},
		{"a NEO leaves that to the client", []virtualkey.Version{neo}, rfc6238 + `
			> 00A2000116 710A 74657374766563746F72 7408 0000000000000001
			< 7605 08 41397EEA 9000
			> 00A400010A 7408 0000000000000001
			< 710A 74657374766563746F72 7605 08 41397EEA 9000`},
		{"a whole HMAC is whole", []virtualkey.Version{neo, yk43, yk57}, rfc6238 + `
			> 00A2000016 710A 74657374766563746F72 7408 0000000000000001
			< 7515 08 75A48A19D4CBE100644E8AC1397EEA747A2D33AB 9000`},

		{"the management key under another algorithm", []virtualkey.Version{yk57}, pivOn + `
			> 0087039B04 7C028000
			< 6A80`},
		{"the management key under another algorithm", []virtualkey.Version{neo, yk43, yk54}, pivOn + `
			> 00870A9B04 7C028000
			< 6A80`},
		{"a key under another algorithm, and an empty slot", []virtualkey.Version{yk57}, proof + `
			> 0047009A08 AC06 800111 AA0101
			< 7F49 43 8641 04 ... 9000
			> 0087149A36 7C34 8200 8130 00*48
			< 6A80
			> 0087119C26 7C24 8200 8120 00*32
			< 6A80
			> 0087119A26 7C24 8200 8120 00*32
			< 7C ... 9000`},

		{"SELECT of an application that is not there", []virtualkey.Version{yk42, yk43, yk54, yk57}, oathOn + `
			> 00A1000000
			< 9000
			> 00A4040008 A0000006472F0001
			< 6A82
			> 00A1000000
			< 6D00`},
		{"SELECT of an application that is not there, on a Java Card", []virtualkey.Version{neo}, oathOn + `
			> 00A4040008 A0000006472F0001
			< 6A82
			> 00A1000000
			< 9000`},

		{"RENAME of an account to its own name", []virtualkey.Version{yk54, yk57}, rfc6238 + `
			> 0005000018 710A 74657374766563746F72 710A 74657374766563746F72
			< 6A80`},

		{"the default management key under another algorithm", []virtualkey.Version{yk54}, proof3 + `
			> 00F7009B00
			< 010103 02020001 050101 9000
			> 00FFFFFF1B 0A 9B18 010203040506070801020304050607080102030405060708
			< 9000
			> 00F7009B00
			< 01010A 02020001 050100 9000
			> 00FFFFFF1B 03 9B18 010203040506070801020304050607080102030405060708
			< 9000
			> 00F7009B00
			< 010103 02020001 050101 9000`},
		{"the default management key under another algorithm", []virtualkey.Version{yk57}, proof + `
			> 00F7009B00
			< 01010A 02020001 050101 9000
			> 00FFFFFF1B 03 9B18 010203040506070801020304050607080102030405060708
			< 9000
			> 00F7009B00
			< 010103 02020001 050100 9000`},

		{"the longest command, and longer ones", []virtualkey.Version{yk57}, proof + `
			> 00DB3FFF 000BFF 5C03 5FC105 53820BF6 00*3062
			< 9000
			> 00DB3FFF 000C00 5C03 5FC105 53820BF7 00*3063
			< 6700
			> 00DB3FFF 002719 5C03 5FC105 53822710 00*10000
			< 6700
			> 00CB3FFF 000005 5C03 5FC105 0000
			< 53820BF6 00*3062 9000`},
		{"the longest command, and a longer one", []virtualkey.Version{yk43}, proof3 + `
			> 00DB3FFF 000BFF 5C03 5FC105 53820BF6 00*3062
			< 9000
			> 00DB3FFF 000C00 5C03 5FC105 53820BF7 00*3063
			< 6700`},
		{"the longest command, and a longer one", []virtualkey.Version{yk42}, proof3 + `
			> 00DB3FFF 0007EF 5C03 5FC105 538207E6 00*2022
			< 9000
			> 00DB3FFF 0007F0 5C03 5FC105 538207E7 00*2023
			< 6700`},
		{"the longest command, and a longer one", []virtualkey.Version{neo}, proof3 + `
			> 00DB3FFF 000567 5C03 5FC105 5382055E 00*1374
			< 9000
			> 00DB3FFF 000568 5C03 5FC105 5382055F 00*1375
			< 6700`},
		{"the longest chain", []virtualkey.Version{neo}, proof3 + `
			> 10DB3FFF FF 5C03 5FC105 538207F7 00*246
			< 9000
			` + exchange(strings.Repeat("> 10DB3FFF FF 00*255 \n < 9000 \n", 7)) + `
			> 00DB3FFF 08 00*8
			< 9000
			` + exchange(strings.Repeat("> 10DB3FFF FF 00*255 \n < 9000 \n", 8)) + `
			> 00DB3FFF 09 00*9
			< 6700`},
		{"the longest chain", []virtualkey.Version{yk57}, proof + `
			> 10DB3FFF FF 5C03 5FC105 53820BF7 00*246
			< 9000
			` + exchange(strings.Repeat("> 10DB3FFF FF 00*255 \n < 9000 \n", 11)) + `
			> 00DB3FFF 0C 00*12
			< 9000
			` + exchange(strings.Repeat("> 10DB3FFF FF 00*255 \n < 9000 \n", 12)) + `
			> 00DB3FFF 0D 00*13
			< 6700`},

		{"the attestation key is RSA from the factory", []virtualkey.Version{yk54, yk57}, pivOn + `
			> 00F700F9 000000
			< 010107 02020201 030102 04820109 81820100 ... 8203 010001 9000
			> 00F9F90000
			< 6A80`},
		{"GET RESPONSE with nothing left", []virtualkey.Version{yk57}, pivOn + `
			> 00C0000000
			< 6A80`},
		{"GENERATE in a slot that there is not", []virtualkey.Version{yk57}, proof + `
			> 0047009605 AC03 800111
			< 6B00
			> 0047009B05 AC03 800111
			< 6B00`},
		{"GENERATE in a slot of later firmware", []virtualkey.Version{neo}, proof3 + `
			> 0047008205 AC03 800111
			< 6B00
			> 0047009A05 AC03 800111
			< 7F49 43 8641 04 ... 9000`},
		{"GENERATE in a slot of later firmware", []virtualkey.Version{yk42}, proof3 + `
			> 004700F905 AC03 800111
			< 6B00
			> 0047008205 AC03 800111
			< 7F49 43 8641 04 ... 9000`},
		{"a new PIN that is too short", []virtualkey.Version{yk57}, pivOn + `
			> 0024008010 313233343536FFFF 3132333435FFFFFF
			< 6985
			> 0024008110 3132333435363738 3132333435FFFFFF
			< 6985
			> 002C008010 3132333435363738 3132333435FFFFFF
			< 6985
			> 002C008010 3031323334353637 3132333435FFFFFF
			< 63C2`},
		{"a PUK that is not ASCII", []virtualkey.Version{yk57}, pivOn + `
			> 0024008110 3132333435363738 3132333435367F80
			< 6985
			> 0024008110 3132333435363738 313233343536 7F7F
			< 9000`},
		{"a PUK that is not ASCII", []virtualkey.Version{yk43, yk54}, pivOn + `
			> 0024008110 3132333435363738 3132333435 80FFFF
			< 9000`},
		{"X25519 is attested", []virtualkey.Version{yk57}, proof + `
			> 0047009D05 AC03 8001E1
			< 7F49 22 8620 ... 9000
			> 00F99D00 000000
			< 3082 ... 302A 3005 06032B656E 032100 ... 9000`},
	} {
		for _, firmware := range test.firmwares {
			t.Run(firmware.String()+"/"+test.what, func(t *testing.T) {
				test.exchange.with(t, firmware)
			})
		}
	}
}

// with has the exchange with a new key.
func (e exchange) with(t *testing.T, firmware virtualkey.Version) {
	t.Helper()
	c := plug(t, virtualkey.Config{Firmware: firmware, Rand: bytes.NewReader(make([]byte, 1000))})
	var command string
	for line := range strings.Lines(string(e)) {
		mark, text, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch mark {
		case ">":
			command = text
		case "<":
			got, err := c.Transmit(unhex(t, expand(t, command)))
			if err != nil {
				t.Fatal(err)
			}
			want := "(?i)^" + strings.ReplaceAll(expand(t, text), "...", ".*") + "$"
			if !regexp.MustCompile(want).MatchString(hex.EncodeToString(got)) {
				t.Fatalf("%s:\n got %.200x\nwant %s", command, got, text)
			}
		}
	}
	if command == "" {
		t.Error("no command")
	}
}

// expand writes out 00*16, and leaves out spaces.
func expand(t *testing.T, text string) string {
	var b strings.Builder
	for word := range strings.FieldsSeq(text) {
		digits, times, repeated := strings.Cut(word, "*")
		n := 1
		if repeated {
			var err error
			if n, err = strconv.Atoi(times); err != nil {
				t.Fatal(err)
			}
		}
		b.WriteString(strings.Repeat(digits, n))
	}
	return b.String()
}

package sheet

import (
	"github.com/tokenctl/tokenctl/backup/sheet/line"
	"strings"
)

// encodeIdentity writes the 32 bytes of an X25519 key as age does: in Bech32 (BIP
// 173) with the prefix age-secret-key-, in capitals (age-encryption.org/v1, "The
// X25519 recipient type").
func EncodeIdentity(key []byte) string {
	hrp := strings.ToLower(strings.TrimSuffix(line.IdentityPrefix, "1"))
	values := fiveBits(key)
	var b strings.Builder
	for _, v := range append(values, bech32Checksum(hrp, values)...) {
		b.WriteByte(bech32Alphabet[v])
	}
	return strings.ToUpper(hrp + "1" + b.String())
}

const bech32Alphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"

// fiveBits cuts bytes into groups of five bits, the last filled with zeros.
func fiveBits(data []byte) (values []byte) {
	accumulated, bits := 0, 0
	for _, b := range data {
		accumulated, bits = accumulated<<8|int(b), bits+8
		for bits >= 5 {
			bits -= 5
			values = append(values, byte(accumulated>>bits&31))
		}
	}
	if bits > 0 {
		values = append(values, byte(accumulated<<(5-bits)&31))
	}
	return values
}

// bech32Checksum is BIP 173, "Checksum".
func bech32Checksum(hrp string, values []byte) []byte {
	state := uint32(1)
	for i := range len(hrp) {
		state = bech32Step(state, hrp[i]>>5)
	}
	state = bech32Step(state, 0)
	for i := range len(hrp) {
		state = bech32Step(state, hrp[i]&31)
	}
	for _, v := range append(values[:len(values):len(values)], make([]byte, 6)...) {
		state = bech32Step(state, v)
	}
	state ^= 1
	sum := make([]byte, 6)
	for i := range sum {
		sum[i] = byte(state >> (5 * (5 - i)) & 31)
	}
	return sum
}

func bech32Step(state uint32, value byte) uint32 {
	generator := [5]uint32{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3}
	top := state >> 25
	state = state&0x1ffffff<<5 ^ uint32(value)
	for i, g := range generator {
		if top>>i&1 == 1 {
			state ^= g
		}
	}
	return state
}

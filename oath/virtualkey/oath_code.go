package virtualkey

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"hash"
	"math"
)

// An algorithm is a byte of the protocol: the type in its upper half, the hash
// in its lower.
type algorithm byte

const (
	maskType algorithm = 0xF0
	typeHOTP algorithm = 0x10
	typeTOTP algorithm = 0x20

	maskHash   algorithm = 0x0F
	hashSHA1   algorithm = 0x01
	hashSHA256 algorithm = 0x02
	hashSHA512 algorithm = 0x03
)

// challengeMax is the longest challenge of an account. ykneo-oath, hmac_buf_size.
const challengeMax = 64

func (a algorithm) kind() algorithm { return a & maskType }
func (a algorithm) hash() algorithm { return a & maskHash }

func (a algorithm) valid() bool {
	kind, hash := a.kind(), a.hash()
	return (kind == typeHOTP || kind == typeTOTP) && hash >= hashSHA1 && hash <= hashSHA512
}

func (a algorithm) new() hash.Hash {
	switch a.hash() {
	case hashSHA256:
		return sha256.New()
	case hashSHA512:
		return sha512.New()
	}
	return sha1.New()
}

func (a algorithm) size() int  { return a.new().Size() }
func (a algorithm) block() int { return a.new().BlockSize() }

func (a algorithm) mac(key, message []byte) []byte {
	h := hmac.New(a.new, key)
	h.Write(message)
	return h.Sum(nil)
}

// calculate computes one code. YKOATH, "CALCULATE".
func (o *oath) calculate(ctx context.Context, d objects, truncated bool) ([]byte, status) {
	name, ok := d.take(tagName)
	if !ok {
		return nil, swWrongData
	}
	i := o.key.state.OATH.index(name)
	if i < 0 {
		return nil, o.notFound()
	}
	challenge, ok := d.take(tagChallenge)
	if !ok || len(d) > 0 {
		return nil, swWrongData
	}
	a := o.key.state.OATH.Accounts[i]
	if sw := o.takes(a, challenge); sw != swOK {
		return nil, sw
	}
	if a.Touch && !o.key.touched(ctx) {
		return nil, swSecurity
	}
	message, sw := o.advance(i, challenge)
	if sw != swOK {
		return nil, sw
	}
	return o.response(o.appendCode(o.response(nil), a, message, truncated)), swOK
}

// takes checks a challenge. HOTP takes any, and has no use for it. Of an account
// that only takes increasing ones, ykneo-oath answers the last one again, where the
// protocol says that each must be higher than the one before.
func (o *oath) takes(a *account, challenge []byte) status {
	switch {
	case a.Algorithm.kind() == typeHOTP:
		return swOK
	case len(challenge) == 0 || len(challenge) > challengeMax:
		return swWrongData
	case !a.Increasing || a.Last == nil:
		return swOK
	}
	above := compareNumbers(challenge, a.Last)
	if above < 0 || above == 0 && o.quirk(StrictlyIncreasing) {
		return swSecurity
	}
	return swOK
}

// advance returns what goes into the HMAC, and keeps beforehand whatever makes
// sure that it does not do so again.
func (o *oath) advance(i int, challenge []byte) ([]byte, status) {
	switch a := o.key.state.OATH.Accounts[i]; {
	case a.Algorithm.kind() == typeHOTP:
		counter := a.Counter
		if o.quirk(CountFirst) {
			counter++
		}
		return binary.BigEndian.AppendUint64(nil, counter), o.change(func(s *oathState) { s.Accounts[i].Counter++ })
	case a.Increasing && !bytes.Equal(challenge, a.Last):
		last := bytes.Clone(challenge)
		return challenge, o.change(func(s *oathState) { s.Accounts[i].Last = last })
	}
	return challenge, swOK
}

// compareNumbers compares two big-endian numbers of any length.
func compareNumbers(a, b []byte) int {
	a, b = bytes.TrimLeft(a, "\x00"), bytes.TrimLeft(b, "\x00")
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return bytes.Compare(a, b)
}

// calculateAll computes every code that costs no touch and moves no counter.
// YKOATH, "CALCULATE ALL".
func (o *oath) calculateAll(d objects, truncated bool) ([]byte, status) {
	challenge, ok := d.take(tagChallenge)
	if !ok || len(d) > 0 || len(challenge) > challengeMax {
		return nil, swWrongData
	}
	r := o.response(nil)
	for i, a := range o.key.state.OATH.Accounts {
		r = appendTLV(r, tagName, a.Name...)
		var sw status
		if r, sw = o.appendEntry(r, i, challenge, truncated); sw != swOK {
			return nil, sw
		}
		r = o.response(r)
	}
	return r, swOK
}

// appendEntry appends what CALCULATE ALL says of an account after its name.
func (o *oath) appendEntry(r []byte, i int, challenge []byte, truncated bool) ([]byte, status) {
	a := o.key.state.OATH.Accounts[i]
	switch {
	case a.Algorithm.kind() == typeHOTP:
		return appendTLV(r, tagHOTP, a.Digits), swOK
	case a.Touch:
		return appendTLV(r, tagTouch, a.Digits), swOK
	}
	if sw := o.takes(a, challenge); sw != swOK {
		return nil, sw
	}
	message, sw := o.advance(i, challenge)
	return o.appendCode(r, a, message, truncated), sw
}

// appendCode appends an HMAC, whole or truncated.
func (o *oath) appendCode(r []byte, a *account, message []byte, truncated bool) []byte {
	sum := a.Algorithm.mac(a.Key, message)
	if !truncated {
		return appendTLV(r, tagResponse, append([]byte{a.Digits}, sum...)...)
	}
	value := binary.BigEndian.AppendUint32([]byte{a.Digits}, o.truncate(sum, a.Digits))
	return appendTLV(r, tagTruncated, value...)
}

// truncate is the dynamic truncation of RFC 4226, 5.3: from firmware 4.0.0 on the
// number that is shown, before that its 31 bits, which leave the decimal digits to
// the client. The whole HMAC is never touched. Source: a YubiKey 4 and 5 asked for
// the vectors of RFC 6238; ykneo-oath, OathObj.calculateTruncated.
func (o *oath) truncate(sum []byte, digits byte) uint32 {
	v := binary.BigEndian.Uint32(sum[sum[len(sum)-1]&0x0F:])
	switch {
	case o.quirk(UnmaskedValues):
		return v
	case o.quirk(UnreducedValues), o.key.config.Firmware.before(4, 0, 0), digits >= 10:
		return v & math.MaxInt32
	}
	return v & math.MaxInt32 % uint32(math.Pow10(int(digits)))
}

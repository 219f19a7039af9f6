package virtualkey

import (
	"bytes"
	"context"
	"crypto/hmac"
)

// oath is the OATH applet, which keeps accounts and computes their codes.
// Source: YKOATH protocol specification,
// https://developers.yubico.com/OATH/YKOATH_Protocol.html; where that is silent,
// https://github.com/Yubico/ykneo-oath.
type oath struct {
	key       *Key
	challenge []byte // what VALIDATE must answer; nil if it cannot
	unlocked  bool   // VALIDATE succeeded in this session
}

func newOATH(k *Key) *oath { return &oath{key: k} }

// YKOATH, "Instructions".
const (
	insPut           = 0x01
	insDelete        = 0x02
	insSetCode       = 0x03
	insReset         = 0x04
	insRename        = 0x05
	insList          = 0xA1
	insCalculate     = 0xA2
	insValidate      = 0xA3
	insCalculateAll  = 0xA4
	insSendRemaining = 0xA5
)

// YKOATH, the tags of its data objects.
const (
	tagName      = 0x71 // and the salt, in SELECT
	tagNameList  = 0x72
	tagKey       = 0x73
	tagChallenge = 0x74
	tagResponse  = 0x75
	tagTruncated = 0x76
	tagHOTP      = 0x77
	tagProperty  = 0x78 // has no length byte
	tagVersion   = 0x79
	tagIMF       = 0x7A
	tagAlgorithm = 0x7B
	tagTouch     = 0x7C
	tagUnknown   = 0x7E // means nothing; sent by UnknownTags
)

const (
	saltLength      = 8
	challengeLength = 8
)

func (*oath) aid() []byte            { return []byte{0xA0, 0, 0, 5, 0x27, 0x21, 0x01, 0x01} }
func (*oath) capability() Capability { return CapabilityOATH }
func (*oath) available() bool        { return true }
func (*oath) fetch() byte            { return insSendRemaining }

// enter answers SELECT: version, salt and, with a code set, a challenge.
func (o *oath) enter() ([]byte, status) {
	challenge, err := o.key.random(challengeLength)
	if err != nil {
		return nil, swAborted
	}
	st, v := &o.key.state.OATH, o.key.config.Firmware
	r := o.response(nil)
	r = appendTLV(r, tagVersion, v[:]...)
	if !o.quirk(NoSalt) {
		r = appendTLV(r, tagName, st.Salt...)
	}
	if st.Code == nil {
		return o.response(r), swOK
	}
	o.challenge = challenge
	r = appendTLV(r, tagChallenge, challenge...)
	algorithm := st.Code.Algorithm & maskHash
	if o.quirk(Algorithm21) {
		algorithm = st.Code.Algorithm
	}
	return o.response(appendTLV(r, tagAlgorithm, byte(algorithm))), swOK
}

func (o *oath) leave() { o.challenge, o.unlocked = nil, false }

// handle executes an instruction. All but VALIDATE and RESET need the session
// to be unlocked, and that is looked at first.
func (o *oath) handle(ctx context.Context, c command) ([]byte, status) {
	locked := o.key.state.OATH.Code != nil && !o.unlocked
	if locked && c.ins != insValidate && (c.ins != insReset || o.quirk(LockedReset)) {
		return nil, swSecurity
	}
	if sw := o.supports(c); sw != swOK {
		return nil, sw
	}
	d := objects(c.data)
	switch c.ins {
	case insPut:
		return nil, o.put(d)
	case insDelete:
		return nil, o.delete(d)
	case insSetCode:
		return nil, o.setCode(d)
	case insReset:
		return nil, o.reset()
	case insRename:
		return nil, o.rename(d)
	case insList:
		return o.long(o.list(), swOK)
	case insCalculate:
		return o.calculate(ctx, d, c.p2 == 1)
	case insValidate:
		return o.validate(d)
	case insCalculateAll:
		return o.long(o.calculateAll(d, c.p2 == 1))
	}
	return nil, swOK // SEND REMAINING, of nothing
}

// supports checks the instruction and its parameters.
func (o *oath) supports(c command) status {
	p := c.p1p2()
	ok := p == 0
	switch c.ins {
	case insPut, insDelete, insSetCode, insList, insValidate, insSendRemaining:
	case insReset:
		ok = p == 0xDEAD
	case insCalculate, insCalculateAll:
		ok = p <= 1
	case insRename:
		if o.key.config.Firmware.before(5, 3, 1) {
			return swUnknownInstruction
		}
	default:
		return swUnknownInstruction
	}
	switch {
	case c.ins == insReset && o.quirk(NoReset),
		c.ins == insRename && o.quirk(NoRename),
		c.ins == insCalculateAll && o.quirk(NoCalculateAll):
		return swUnknownInstruction
	case !ok:
		return swWrongP1P2
	}
	return swOK
}

func (o *oath) quirk(q Quirks) bool { return o.key.config.Quirks.Has(q) }

// response ends an entry of a response: with UnknownTags, an object that no
// client knows follows it, or begins the response.
func (o *oath) response(r []byte) []byte {
	if o.quirk(UnknownTags) {
		return appendTLV(r, tagUnknown, 0xCA, 0xFE)
	}
	return r
}

// smallBuffer is what a response of SmallBuffer may have, in bytes.
const smallBuffer = 1024

// long refuses a response that a small buffer does not hold.
func (o *oath) long(r []byte, sw status) ([]byte, status) {
	if o.quirk(SmallBuffer) && len(r) > smallBuffer {
		return nil, swWrongLength
	}
	return r, sw
}

// change keeps a change of the applet's state.
func (o *oath) change(f func(*oathState)) status {
	if o.key.update(func(s *state) { f(&s.OATH) }) != nil {
		return swMemoryFailure
	}
	return swOK
}

// setCode sets or, given an empty key, clears the code that locks the applet.
// YKOATH, "SET CODE". The client proves that it has the key.
func (o *oath) setCode(d objects) status {
	key, ok := d.take(tagKey)
	if !ok {
		return swWrongData
	}
	if len(key) == 0 {
		return o.change(func(s *oathState) { s.Code = nil })
	}
	code := &code{Algorithm: algorithm(key[0]), Key: bytes.Clone(key[1:])}
	challenge, ok1 := d.take(tagChallenge)
	proof, ok2 := d.take(tagResponse)
	switch {
	case !code.Algorithm.valid():
		return swDataInvalid
	case !ok1 || !ok2 || len(d) > 0 || len(code.Key) == 0 || len(code.Key) > code.Algorithm.block():
		return swWrongData
	case len(proof) != code.Algorithm.size():
		return swWrongData
	case !hmac.Equal(proof, code.Algorithm.mac(code.Key, challenge)):
		return swDataInvalid
	}
	sw := o.change(func(s *oathState) { s.Code = code })
	if sw == swOK {
		o.unlocked = !o.key.config.Firmware.before(3, 0, 0) // older ones lock again
	}
	return sw
}

// validate unlocks the session and proves to the client that the key has the
// code too. YKOATH, "VALIDATE".
func (o *oath) validate(d objects) ([]byte, status) {
	code := o.key.state.OATH.Code
	if code == nil {
		return nil, swDataInvalid
	}
	response, ok1 := d.take(tagResponse)
	challenge, ok2 := d.take(tagChallenge)
	if !ok1 || !ok2 || len(d) > 0 || len(challenge) < challengeLength {
		return nil, swWrongData
	}
	if o.challenge == nil || !hmac.Equal(response, code.Algorithm.mac(code.Key, o.challenge)) {
		switch {
		case o.quirk(WrongPassword6982):
			return nil, swSecurity
		case o.quirk(WrongPassword6984):
			return nil, swDataInvalid
		}
		return nil, swWrongData
	}
	o.unlocked = true
	proof := code.Algorithm.mac(code.Key, challenge)
	return o.response(appendTLV(o.response(nil), tagResponse, proof...)), swOK
}

// reset forgets everything. The new salt makes it another device to clients.
// YKOATH, "RESET".
func (o *oath) reset() status {
	salt, err := o.key.random(saltLength)
	if err != nil {
		return swAborted
	}
	sw := o.change(func(s *oathState) { *s = oathState{Salt: salt} })
	if sw == swOK {
		o.leave()
	}
	return sw
}

// list names the accounts with their type and hash. YKOATH, "LIST".
func (o *oath) list() []byte {
	r := o.response(nil)
	for _, a := range o.key.state.OATH.Accounts {
		r = o.response(appendTLV(r, tagNameList, append([]byte{byte(a.Algorithm)}, a.Name...)...))
	}
	return r
}

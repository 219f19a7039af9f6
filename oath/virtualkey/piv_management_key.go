package virtualkey

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/hmac"
)

// pivManagement is the management key.
type pivManagement struct {
	Algorithm byte   `json:"algorithm"`
	Key       []byte `json:"key"`
	Touch     bool   `json:"touch,omitempty"`
}

// The algorithms of management keys, SP 800-78-4, table 6-2.
const (
	management3DESOld = 0x00 // is 3DES, too
	management3DES    = 0x03
	managementAES128  = 0x08
	managementAES192  = 0x0A
	managementAES256  = 0x0C
)

var pivDefaultManagementKey = bytes.Repeat([]byte{1, 2, 3, 4, 5, 6, 7, 8}, 3)

// pivDefaultManagement is the algorithm of the key that is set at first. Its
// bytes are the same in all firmware.
func pivDefaultManagement(v Version) byte {
	if v.before(5, 7, 0) {
		return management3DES
	}
	return managementAES192
}

// block returns the cipher, or nil if this is no key.
func (m pivManagement) block() cipher.Block {
	length := map[byte]int{management3DES: 24, managementAES128: 16, managementAES192: 24, managementAES256: 32}[m.Algorithm]
	if length == 0 || len(m.Key) != length {
		return nil
	}
	newCipher := aes.NewCipher
	if m.Algorithm == management3DES {
		newCipher = des.NewTripleDESCipher
	}
	b, err := newCipher(m.Key)
	if err != nil {
		return nil
	}
	return b
}

// authenticateManagement is GENERAL AUTHENTICATE with the management key, SP
// 800-73-4, part 2, appendix A.1: the client proves that it has the key, and with
// a witness so does the card.
func (p *piv) authenticateManagement(ctx context.Context, algorithm byte, parts map[byte][]byte) ([]byte, status) {
	m := p.key.state.PIV.Management
	if algorithm != m.Algorithm && (algorithm != management3DESOld || m.Algorithm != management3DES) {
		return nil, swWrongData // as with any other key, see useKey
	}
	block := m.block()
	witness, challenge := p.witness, p.challenge
	p.witness, p.challenge = nil, nil // each is good for one answer
	switch {
	case isEmpty(parts[tagAuthWitness]):
		return p.sendWitness(block)
	case isEmpty(parts[tagAuthChallenge]):
		return p.sendChallenge(block)
	case parts[tagAuthWitness] != nil && len(parts[tagAuthChallenge]) == block.BlockSize():
		right := witness != nil && hmac.Equal(parts[tagAuthWitness], witness)
		if sw := p.grant(ctx, right); sw != swOK {
			return nil, sw
		}
		return authTemplate(tagAuthResponse, encrypted(block, parts[tagAuthChallenge])), swOK
	case parts[tagAuthWitness] == nil && len(parts[tagAuthResponse]) == block.BlockSize():
		right := challenge != nil && hmac.Equal(parts[tagAuthResponse], encrypted(block, challenge))
		return nil, p.grant(ctx, right)
	}
	return nil, swWrongData
}

// isEmpty says whether a part is there, and empty.
func isEmpty(part []byte) bool { return part != nil && len(part) == 0 }

func encrypted(b cipher.Block, plain []byte) []byte {
	c := make([]byte, b.BlockSize())
	b.Encrypt(c, plain)
	return c
}

func (p *piv) sendWitness(b cipher.Block) ([]byte, status) {
	w, err := p.key.random(b.BlockSize())
	if err != nil {
		return nil, swAborted
	}
	p.witness = w
	return authTemplate(tagAuthWitness, encrypted(b, w)), swOK
}

func (p *piv) sendChallenge(b cipher.Block) ([]byte, status) {
	c, err := p.key.random(b.BlockSize())
	if err != nil {
		return nil, swAborted
	}
	p.challenge = c
	return authTemplate(tagAuthChallenge, c), swOK
}

// grant lets the client manage the key if its proof is right, and the finger
// comes where it must.
func (p *piv) grant(ctx context.Context, right bool) status {
	p.managed = right && (!p.key.state.PIV.Management.Touch || p.key.touched(ctx))
	if !p.managed {
		return swSecurity
	}
	return swOK
}

// P2 of SET MANAGEMENT KEY; P1 is FF.
const (
	managementNoTouch = 0xFF
	managementTouch   = 0xFE
)

// setManagement is SET MANAGEMENT KEY: algorithm, slot, length and key.
func (p *piv) setManagement(_ context.Context, c command) ([]byte, status) {
	if c.p1 != 0xFF || c.p2 != managementNoTouch && c.p2 != managementTouch {
		return nil, swIncorrectP1P2
	}
	if len(c.data) == 0 {
		return nil, swWrongData
	}
	d := objects(c.data[1:])
	key, ok := d.take(byte(slotManagement))
	m := pivManagement{Algorithm: c.data[0], Key: bytes.Clone(key), Touch: c.p2 == managementTouch}
	switch {
	case !ok || len(d) > 0 || m.block() == nil:
		return nil, swWrongData
	case m.Algorithm != management3DES && p.key.config.Firmware.before(5, 4, 0):
		return nil, swWrongData
	}
	return nil, p.change(func(s *pivState) { s.Management = m })
}

package virtualkey

import (
	"bytes"
	"context"
)

// Tags of GET METADATA.
// https://developers.yubico.com/PIV/Introduction/Yubico_extensions.html
const (
	tagMetadataAlgorithm = 0x01
	tagMetadataPolicies  = 0x02 // PIN and touch
	tagMetadataOrigin    = 0x03
	tagMetadataPublic    = 0x04
	tagMetadataDefault   = 0x05 // whether it is what everybody knows
	tagMetadataTries     = 0x06 // how many there are, and are left

	algorithmSecret = 0xFF // of a PIN and a PUK

	originGenerated = 1
	originImported  = 2
)

// getMetadata returns of a key, the PIN, the PUK or the management key what
// needs no proof to know.
func (p *piv) getMetadata(_ context.Context, c command) ([]byte, status) {
	if c.p1 != 0 {
		return nil, swIncorrectP1P2
	}
	switch s := p.key.state.PIV; c.p2 {
	case referencePIN:
		return s.PIN.metadata(pivDefaultPIN), swOK
	case referencePUK:
		return s.PUK.metadata(pivDefaultPUK), swOK
	case byte(slotManagement):
		return s.Management.metadata(p.key.config.Firmware), swOK
	}
	k, ok := p.key.state.PIV.Keys[pivSlot(c.p2)]
	if !ok {
		return nil, swReferenceNotFound
	}
	return k.metadata(), swOK
}

func (s pivSecret) metadata(standard []byte) []byte {
	r := appendTLV(nil, tagMetadataAlgorithm, algorithmSecret)
	r = appendTLV(r, tagMetadataDefault, flag(bytes.Equal(s.Value, standard)))
	return appendTLV(r, tagMetadataTries, s.Tries, s.Left)
}

// metadata says of the bytes that everybody knows that they are the default only
// under the algorithm that they are the default of.
func (m pivManagement) metadata(v Version) []byte {
	touch := touchNever
	if m.Touch {
		touch = touchAlways
	}
	r := appendTLV(nil, tagMetadataAlgorithm, m.Algorithm)
	r = appendTLV(r, tagMetadataPolicies, policyDefault, byte(touch))
	standard := m.Algorithm == pivDefaultManagement(v) && bytes.Equal(m.Key, pivDefaultManagementKey)
	return appendTLV(r, tagMetadataDefault, flag(standard))
}

func (k pivKey) metadata() []byte {
	private, origin := k.open(), byte(originGenerated)
	if k.Imported {
		origin = originImported
	}
	r := appendTLV(nil, tagMetadataAlgorithm, byte(private.algorithm()))
	r = appendTLV(r, tagMetadataPolicies, byte(k.PIN), byte(k.Touch))
	r = appendTLV(r, tagMetadataOrigin, origin)
	return appendTLV(r, tagMetadataPublic, private.template()...)
}

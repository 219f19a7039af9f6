package virtualkey

import (
	"bytes"
	"context"
)

// A pivObject is the number of a data object, which is its BER tag. SP 800-73-4,
// part 1, 4.3.
type pivObject uint32

const (
	objectDiscovery    pivObject = 0x7E
	objectFingerprints pivObject = 0x5FC103
	objectFace         pivObject = 0x5FC108
	objectPrinted      pivObject = 0x5FC109
	objectIris         pivObject = 0x5FC121
	objectAttestation  pivObject = 0x5FFF01 // Yubico's, certificate of slot F9
)

const (
	pivObjectMax  = 3063  // bytes of one object: what a chained PUT DATA has room for, Version.maxChain
	pivObjectsMax = 51200 // bytes of all of them

	tagObjectNumber = 0x5C
	tagObjectData   = 0x53

	p1p2Objects = 0x3FFF
)

// valid says whether a client can keep something under the number.
func (o pivObject) valid() bool { return o>>16 == 0x5F }

// private says whether the object is read with the PIN only, by the access rules
// of SP 800-73-4, part 1.
func (o pivObject) private() bool {
	switch o {
	case objectFingerprints, objectFace, objectPrinted, objectIris:
		return true
	}
	return false
}

// takeObject reads the number of an object.
func (o *objects) takeObject() (pivObject, bool) {
	b, ok := o.take(tagObjectNumber)
	if !ok || len(b) == 0 || len(b) > 3 {
		return 0, false
	}
	var n pivObject
	for _, c := range b {
		n = n<<8 | pivObject(c)
	}
	return n, true
}

// getData is GET DATA, SP 800-73-4, part 2, 3.1.2.
func (p *piv) getData(_ context.Context, c command) ([]byte, status) {
	d := objects(c.data)
	id, ok := d.takeObject()
	switch {
	case c.p1p2() != p1p2Objects:
		return nil, swIncorrectP1P2
	case !ok || len(d) > 0:
		return nil, swWrongData
	case id == objectDiscovery:
		return discovery(), swOK
	case id.private() && !p.verified:
		return nil, swSecurity
	}
	b, ok := p.key.state.PIV.Objects[id]
	if !ok {
		return nil, swFileNotFound
	}
	return appendTLV(nil, tagObjectData, b...), swOK
}

// discovery is the object that gives the applet's whole name, and that the PIN
// is its own: SP 800-73-4, part 1, 3.3.2.
func discovery() []byte {
	r := appendTLV(nil, tagIdentifier, pivAID...)
	r = append(r, 0x5F, 0x2F, 2, 0x40, 0) // PIN usage policy
	return appendTLV(nil, byte(objectDiscovery), r...)
}

// putData is PUT DATA, SP 800-73-4, part 2, 3.3.1. Nothing as the data deletes
// the object.
func (p *piv) putData(_ context.Context, c command) ([]byte, status) {
	d := objects(c.data)
	id, ok1 := d.takeObject()
	data, ok2 := d.take(tagObjectData)
	switch {
	case c.p1p2() != p1p2Objects:
		return nil, swIncorrectP1P2
	case !ok1 || !ok2 || len(d) > 0 || !id.valid():
		return nil, swWrongData
	case p.objectsWithout(id)+len(data) > pivObjectsMax:
		return nil, swNoSpace
	}
	data = bytes.Clone(data)
	return nil, p.change(func(s *pivState) {
		s.Objects[id] = data
		if len(data) == 0 {
			delete(s.Objects, id)
		}
	})
}

// objectsWithout is the length of all objects but one.
func (p *piv) objectsWithout(id pivObject) int {
	n := 0
	for other, b := range p.key.state.PIV.Objects {
		if other != id {
			n += len(b)
		}
	}
	return n
}

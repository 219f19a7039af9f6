package virtualkey

// chain collects a command that comes in pieces, ISO 7816-4, 5.3.3.
type chain struct {
	head command
	data []byte
	open bool
}

// join returns the whole command once its last piece is there. Until then it
// returns a command whose class still has the chaining bit. All of it has at most
// max bytes of data.
func (ch *chain) join(c command, max int) (command, status) {
	if ch.open && (c.ins != ch.head.ins || c.p1p2() != ch.head.p1p2()) {
		*ch = chain{} // another command ends the chain
	}
	if !ch.open && c.cla != claChained {
		return c, swOK
	}
	if len(ch.data)+len(c.data) > max {
		*ch = chain{}
		return c, swWrongLength
	}
	ch.head, ch.open = c, true
	ch.data = append(ch.data, c.data...)
	if c.cla == claChained {
		return c, swOK
	}
	c.data = ch.data
	*ch = chain{}
	return c, swOK
}

// remaining is a response on its way out, ISO 7816-4, 5.3.4.
type remaining struct {
	data   []byte
	quirks Quirks
	paused bool // the empty piece of EmptyChunk was sent
}

// smallChunk is the piece that a key with SmallChunks sends: a prime, so that
// the cuts fall everywhere in the data objects.
const smallChunk = 13

// next returns the next piece and its status word. Pieces are cut by length
// alone, as ykneo-oath does: a data object may straddle two.
func (r *remaining) next(max int) []byte {
	if r.quirks.Has(OneReply) {
		max = extendedMax
	}
	if r.quirks.Has(SmallChunks) {
		max = min(max, smallChunk)
	}
	piece := r.data[:min(max, len(r.data))]
	left := r.data[len(piece):]
	if r.quirks.Has(EmptyChunk) && len(left) == 0 && !r.paused {
		r.paused = true
		piece, left = nil, r.data
	}
	r.data = left
	switch n := len(left); {
	case n == 0:
		return swOK.reply(piece)
	case n < 256:
		return (swMore | status(n)).reply(piece)
	}
	return swMore.reply(piece)
}

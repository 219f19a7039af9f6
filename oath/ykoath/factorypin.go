package ykoath

var pivAID = []byte{0xa0, 0x00, 0x00, 0x03, 0x08} // NIST SP 800-73-4, 2.2

const (
	cmdSelectPIV    = "SELECT PIV"
	cmdGetMetadata  = "GET METADATA"
	metadataPIN     = 0x80 // the reference of the PIN
	metadataFactory = 0x05 // the tag of whether it is the one that everybody knows
)

// HasFactoryPIN asks the PIV applet whether its PIN is the one that every key comes with,
// which costs no try of the PIN; known is false if the card cannot report it. It deselects the
// OATH applet. YubiKeys can from firmware 5.3 on (Yubico, "PIV extensions", GET METADATA).
// The error is the card's, or ErrMalformed.
func HasFactoryPIN(card Card) (factory, known bool, err error) {
	_, err = transmit(card, selectCommand(cmdSelectPIV, pivAID), insGetResponse)
	var answer []byte
	if err == nil {
		answer, err = transmit(card, command{name: cmdGetMetadata, ins: 0xf7, p2: metadataPIN}, insGetResponse)
	}
	if isRefusal(err) {
		return false, false, nil
	}
	if err != nil {
		return false, false, err
	}
	fields, err := parseFields(answer)
	if err != nil {
		return false, false, err
	}
	value, found := find(fields, metadataFactory)
	known = found && len(value) == 1
	return known && value[0] != 0, known, nil
}

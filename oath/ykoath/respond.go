package ykoath

import (
	"encoding/binary"
	"fmt"

	"github.com/tokenctl/tokenctl/oath"
)

// Respond computes an account's response to a challenge instead of a time step
// (CALCULATE), as a whole where the card gives that. An account that counts takes no
// challenge, and would move its counter: that is an oath.ErrUnsupported, and the card is
// sent nothing. The other errors are those of Code.
//
// A challenge above the present time step makes an account that only takes increasing
// ones (property 01) useless until then. No card shows which these are.
func (s *Session) Respond(a oath.Account, challenge uint64) (oath.Response, error) {
	if a.Type == oath.HOTP {
		return oath.Response{}, fmt.Errorf("%w: an account that counts takes no challenge", oath.ErrUnsupported)
	}
	answer, err := s.calculate(a, fullResponse, binary.BigEndian.AppendUint64(nil, challenge))
	if err != nil {
		return oath.Response{}, err
	}
	fields, err := parseFields(answer)
	for _, f := range fields {
		if f.tag != tagResponse && f.tag != tagTruncated {
			continue
		}
		var r oath.Response
		if r.Digits, r.Value, err = parseValue(f); err != nil {
			break
		}
		if f.tag == tagResponse {
			r.HMAC, r.Value = f.value[1:], 0
		}
		return r, nil
	}
	if err == nil {
		err = fmt.Errorf("%w: no response in %d bytes", ErrMalformed, len(answer))
	}
	return oath.Response{}, fmt.Errorf("%s: %w", cmdCalculate, err)
}

package exchange

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"github.com/tokenctl/tokenctl/oath"
	"github.com/tokenctl/tokenctl/oath/otpauth"
)

// FreeOTP+, and FreeOTP before version 2, export a JSON object in the clear.
//
// https://github.com/helloworld1/FreeOTPPlus, token/Token.java
var freeOTP = format{
	name: "FreeOTP+, FreeOTP 1",
	is:   func(f *file) bool { return f.has("tokens", "tokenOrder") },
	read: readFreeOTP,
}

// A freeOTPToken is an account as all FreeOTPs write it, the secret aside.
type freeOTPToken struct {
	Type        string      `json:"type"`
	Issuer      string      `json:"issuerExt"` // before the name, and in use
	IssuerParam string      `json:"issuerInt"` // of the URI
	IssuerAlt   string      `json:"issuerAlt"` // by which the owner replaced it
	Label       string      `json:"label"`
	LabelAlt    string      `json:"labelAlt"`
	Algorithm   string      `json:"algo"`
	Digits      number      `json:"digits"`
	Period      number      `json:"period"`
	Counter     number      `json:"counter"`
	Secret      signedBytes `json:"secret"`
}

// fields returns the account, whose secret may stand elsewhere. The app makes Steam's
// codes for whatever has that name.
func (t freeOTPToken) fields() otpauth.Fields {
	f := otpauth.Fields{
		Type: t.Type, Issuer: t.Issuer, Name: t.Label, Bytes: t.Secret, Algorithm: t.Algorithm,
		Digits: string(t.Digits), Period: string(t.Period), Counter: string(t.Counter),
	}
	if f.Issuer == "" {
		f.Issuer = t.IssuerParam
	}
	if t.Issuer == oath.SteamIssuer && strings.EqualFold(t.Type, "totp") {
		f.Type = "steam"
	}
	return f
}

func readFreeOTP(r *reader) error {
	var f struct {
		Tokens []json.RawMessage `json:"tokens"`
	}
	if err := decode([]byte(r.text), &f); err != nil {
		return err
	}
	decodeEach(r, f.Tokens, func(t freeOTPToken) {
		fields := t.fields()
		if t.IssuerAlt != "" && fields.Type != "steam" {
			fields.Issuer = t.IssuerAlt
		}
		if t.LabelAlt != "" {
			fields.Name = t.LabelAlt
		}
		// The app takes one off the counter of a URI, and puts it back when it writes one.
		if n, err := strconv.ParseInt(fields.Counter, 10, 64); err == nil && -1 <= n && n < math.MaxInt64 {
			fields.Counter = strconv.FormatInt(n+1, 10)
		}
		r.add(fields, "")
	})
	return nil
}

// signedBytes are written as Java does: a list of numbers from -128 to 127.
type signedBytes []byte

func (b *signedBytes) UnmarshalJSON(data []byte) error {
	var list []int8
	if err := json.Unmarshal(data, &list); err != nil {
		return &json.UnmarshalTypeError{Field: "a list of bytes"}
	}
	*b = make(signedBytes, len(list))
	for i, n := range list {
		(*b)[i] = byte(n)
	}
	return nil
}

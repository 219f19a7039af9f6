package ykoath

import "github.com/tokenctl/tokenctl/oath"

// A kind is an account's type or-ed with its algorithm, as the applet keeps them
// in one byte (YKOATH, "Algorithms" and "Types").
type kind byte

const (
	kindHOTP kind = 0x10
	kindTOTP kind = 0x20

	kindSHA1   kind = 0x01
	kindSHA256 kind = 0x02
	kindSHA512 kind = 0x03

	kindTypeMask kind = 0xf0
)

func kindOf(a oath.Account) kind {
	k := kindTOTP
	if a.Type == oath.HOTP {
		k = kindHOTP
	}
	switch a.Algorithm {
	case oath.SHA256:
		return k | kindSHA256
	case oath.SHA512:
		return k | kindSHA512
	}
	return k | kindSHA1
}

func (k kind) oathType() oath.Type {
	switch k & kindTypeMask {
	case kindHOTP:
		return oath.HOTP
	case kindTOTP:
		return oath.TOTP
	}
	return oath.TypeUnknown
}

func (k kind) algorithm() oath.Algorithm {
	switch k &^ kindTypeMask {
	case kindSHA1:
		return oath.SHA1
	case kindSHA256:
		return oath.SHA256
	case kindSHA512:
		return oath.SHA512
	}
	return oath.AlgorithmUnknown
}

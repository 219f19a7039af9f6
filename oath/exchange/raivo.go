package exchange

import "github.com/tokenctl/tokenctl/oath/otpauth"

// Raivo OTP exports a ZIP archive that is encrypted in a way of WinZip's own; the
// raivo-otp-export.json in it, once unpacked, is a JSON array in the clear, whose members
// are all strings.
//
// https://github.com/raivo-otp/ios-application, DataExportFeature.swift
var raivo = format{
	name: "Raivo OTP",
	is:   func(f *file) bool { return f.holds("secret", "account", "kind") },
	read: func(r *reader) error {
		decodeEach(r, r.array, func(e struct {
			Issuer    string `json:"issuer"`
			Account   string `json:"account"`
			Secret    string `json:"secret"`
			Algorithm string `json:"algorithm"`
			Digits    number `json:"digits"`
			Kind      string `json:"kind"`
			Timer     number `json:"timer"`
			Counter   number `json:"counter"`
		}) {
			r.add(otpauth.Fields{
				Type: e.Kind, Issuer: e.Issuer, Name: e.Account, Secret: e.Secret, Algorithm: e.Algorithm,
				Digits: string(e.Digits), Period: string(e.Timer), Counter: string(e.Counter),
			}, "")
		})
		return nil
	},
}

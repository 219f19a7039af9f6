package virtualkey

import "testing"

// FuzzState reads any state file. One that is taken can be used.
func FuzzState(f *testing.F) {
	f.Add([]byte(`{"format":1,"serial":1,"oath":{"salt":"MTIzNDU2Nzg=","accounts":[{"name":"YQ==","algorithm":33,"digits":6,"key":"YQ==","touch":true}]},"management":{"disabled_usb":16}}`))
	f.Add([]byte(`{"format":1,"oath":{"salt":"MTIzNDU2Nzg=","code":{"algorithm":33,"key":"YQ=="},"accounts":[{"name":"YQ==","algorithm":19,"digits":255,"key":"","counter":18446744073709551615,"increasing":true,"last":"AA=="}]}}`))
	f.Add([]byte(`{"format":1,"oath":{"salt":"MTIzNDU2Nzg="},"piv":{"pin":{"value":"MTIzNDU2//8=","tries":3,"left":0},"puk":{"value":"MTIzNDU2Nzg=","tries":255,"left":255},"management":{"algorithm":3,"key":"AQIDBAUGBwgBAgMEBQYHCAECAwQFBgcI","touch":true},"keys":{"9e":{"private":"MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQganB4Hmm8R0iaDFfI+z0ObUOmte/DEci7cssSKvTBz3GhRANCAATyE069P/vZSZnxG0vtOSxLUwdmnBbTPygn3IB1oWeMWf1RKJji6gskx/pyHqO3rNRNzFqrkUjrym5xx59ncWQA","pin":1,"touch":1}},"objects":{"5fff01":"cA=="}}}`))
	f.Add([]byte(`{"format":1}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := parseState(b)
		if err != nil {
			return
		}
		k, err := New(Config{})
		if err != nil {
			t.Fatal(err)
		}
		k.state = *s.clone()
		for _, command := range []string{
			"\x00\xa4\x04\x00\x07\xa0\x00\x00\x05\x27\x21\x01", "\x00\xa1\x00\x00", "\x00\xa4\x00\x01\x0a\x74\x0812345678",
			"\x00\xa4\x04\x00\x05\xa0\x00\x00\x03\x08", "\x00\xf7\x00\x9e", "\x00\xf9\x9e\x00", "\x00\xf7\x00\x9b", "\x00\x20\x00\x80",
			"\x00\x87\x11\x9e\x09\x7c\x07\x82\x00\x81\x03abc", "\x00\x87\x06\x9e\x09\x7c\x07\x82\x00\x81\x03abc", "\x00\xcb\x3f\xff\x05\x5c\x03\x5f\xff\x01",
		} {
			if reply, err := k.Transmit([]byte(command)); err != nil || len(reply) < 2 {
				t.Errorf("%x: %x, %v", command, reply, err)
			}
		}
	})
}

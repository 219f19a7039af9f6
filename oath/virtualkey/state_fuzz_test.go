package virtualkey

import "testing"

// FuzzState reads any state file. One that is taken can be used.
func FuzzState(f *testing.F) {
	f.Add([]byte(`{"format":1,"serial":1,"oath":{"salt":"MTIzNDU2Nzg=","accounts":[{"name":"YQ==","algorithm":33,"digits":6,"key":"YQ==","touch":true}]},"management":{"disabled_usb":16}}`))
	f.Add([]byte(`{"format":1,"oath":{"salt":"MTIzNDU2Nzg=","code":{"algorithm":33,"key":"YQ=="},"accounts":[{"name":"YQ==","algorithm":19,"digits":255,"key":"","counter":18446744073709551615,"increasing":true,"last":"AA=="}]}}`))
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
		for _, command := range []string{"\x00\xa4\x04\x00\x07\xa0\x00\x00\x05\x27\x21\x01", "\x00\xa1\x00\x00", "\x00\xa4\x00\x01\x0a\x74\x0812345678"} {
			if reply, err := k.Transmit([]byte(command)); err != nil || len(reply) < 2 {
				t.Errorf("%x: %x, %v", command, reply, err)
			}
		}
	})
}

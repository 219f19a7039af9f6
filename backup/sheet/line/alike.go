package line

import "strings"

// dropSpacing leaves out what people put between groups of letters, and writes the
// rest in upper case.
func dropSpacing(text string) string {
	return strings.ToUpper(strings.Map(func(r rune) rune {
		if strings.ContainsRune(" -=", r) {
			return -1
		}
		return r
	}, text))
}

// maxOnes is how many 1s of a line are tried as I and as L.
const maxOnes = 6

// likelyLetters returns the base32 letters that a text in upper case may stand
// for. Base32 has no 0, 1 and 8, which leaves O and B for two of them; 1 looks
// like I as well as L.
func likelyLetters(text string) []string {
	likely := []string{letterLike.Replace(text)}
	for i := range len(text) {
		if text[i] != '1' {
			continue
		}
		for _, l := range likely {
			if len(likely) < 1<<maxOnes {
				likely = append(likely, l[:i]+"L"+l[i+1:])
			}
		}
	}
	return likely
}

var letterLike = strings.NewReplacer("0", "O", "8", "B", "1", "I")

// likelyBech32 is the same for Bech32 (BIP 173), which has no 1, B, I and O after
// its prefix.
func likelyBech32(text string) string { return bech32Like.Replace(text) }

var bech32Like = strings.NewReplacer("O", "0", "B", "8", "I", "L", "1", "L")

// cutIdentityPrefix takes that of an age identity off a text without its dashes.
func cutIdentityPrefix(text string) (prefix, rest string) {
	const bare = "AGESECRETKEY" // and a 1, which looks like I and L
	rest, ok := strings.CutPrefix(letterLike.Replace(text), bare)
	if !ok || rest == "" || rest[0] != 'I' && rest[0] != 'L' {
		return "", text
	}
	return IdentityPrefix, text[len(bare)+1:]
}

func IsLetter(c byte) bool {
	_, ok := valueOf(c)
	return ok
}

func isWordCharacter(c byte) bool { return ' ' <= c && c <= '~' }

package line

// A Mistake is what seems to be wrong with a line that does not check.
type Mistake byte

const (
	Unclear           Mistake = iota
	WrongCharacter            // one is another than on paper
	SwappedCharacters         // one and the next have changed places
	MissingCharacter          // one was left out
	ExtraCharacter            // one was put in
	WrongNumber               // the line is another one
	WrongCheck                // the text is right, the check at its end is not
)

// A suspicion is the only single mistake that explains why a line does not check.
type suspicion struct {
	Mistake Mistake
	At      int // the place in the text, from 0, or nowhere; where a character is missing, it belongs before that
}

// diagnose looks for the mistake in a line that does not check. Characters that
// cannot be in such a text help to rule out places; allowed tells which can.
func diagnose(number int, text, check string, allowed func(byte) bool) suspicion {
	said, ok := parseParity(check)
	if !ok {
		return suspicion{Mistake: WrongCheck}
	}
	is := parityOf(number, text)
	if is.length != said.length {
		return diagnoseLength(number, text, check, allowed)
	}
	d0, d1 := is.c0^said.c0, is.c1^said.c1
	switch {
	case d0 != 0 && d1 != 0:
		return wrongAt(text, d0, power(d0, d1), allowed)
	case d0 == 0:
		if s := swappedIn(text, d1); s.Mistake != Unclear {
			return s
		}
	}
	if differInOne(is.String(), check) {
		return suspicion{Mistake: WrongCheck}
	}
	return suspicion{}
}

// wrongAt explains a mistake at a place of the message.
func wrongAt(text string, difference byte, place int, allowed func(byte) bool) suspicion {
	at := place - numberBytes
	switch {
	case at < 0:
		return suspicion{Mistake: WrongNumber}
	case at < len(text) && allowed(inverse(inverse(text[at])^difference)):
		return suspicion{WrongCharacter, at}
	}
	return suspicion{}
}

// swappedIn looks for neighbours whose change of places explains the difference in
// c1.
func swappedIn(text string, difference byte) suspicion {
	places := tried(len(text)-1, func(i int) bool {
		d := inverse(text[i]) ^ inverse(text[i+1])
		return d != 0 && timesPower(d, i+numberBytes)^timesPower(d, i+1+numberBytes) == difference
	})
	switch len(places) {
	case 0:
		return suspicion{}
	case 1:
		return suspicion{SwappedCharacters, places[0]}
	}
	return suspicion{SwappedCharacters, nowhere}
}

// diagnoseLength looks for a character too many or too few. Which character it is,
// c0 tells; where it goes, is found by trying.
func diagnoseLength(number int, text, check string, allowed func(byte) bool) suspicion {
	is, _ := parseParity(checkOf(number, text))
	said, _ := parseParity(check)
	c := inverse(is.c0 ^ said.c0)
	var places []int
	mistake := Unclear
	switch {
	case differInOne(is.String(), check):
		return suspicion{Mistake: WrongCheck}
	case said.length == (is.length+1)&15 && allowed(c):
		mistake = MissingCharacter
		places = tried(len(text)+1, func(i int) bool { return checks(number, text[:i]+string(rune(c))+text[i:], check) })
	case said.length == (is.length-1)&15:
		mistake = ExtraCharacter
		places = tried(len(text), func(i int) bool { return text[i] == c && checks(number, text[:i]+text[i+1:], check) })
	}
	if len(places) == 0 {
		return suspicion{}
	}
	return suspicion{mistake, adjoining(places)}
}

// tried returns the places below n that fit.
func tried(n int, fits func(int) bool) (places []int) {
	for i := range n {
		if fits(i) {
			places = append(places, i)
		}
	}
	return places
}

// nowhere is the place of a mistake that is known but for its place.
const nowhere = -1

// adjoining returns the first of several places, if they are next to each other:
// the same character stands there more than once.
func adjoining(places []int) int {
	for i, at := range places {
		if at != places[0]+i {
			return nowhere
		}
	}
	return places[0]
}

// differInOne reports whether two texts of the same length have all but one
// character in common.
func differInOne(a, b string) bool {
	n := 0
	for i := range len(a) {
		if a[i] != b[i] {
			n++
		}
	}
	return n == 1
}

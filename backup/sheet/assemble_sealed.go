package sheet

import "fmt"

// data returns the bytes that a passage's letters stand for, if they are all
// there.
func (t *typedSheet) data(p passage, f fields, thing string) (data string, err error) {
	letters, err := f.whole("letters", 1, 0)
	if err != nil {
		return "", err
	}
	if len(p.letters) < letters {
		t.gaps = append(t.gaps, gap{thing, p.lettersGap(letters)})
		return "", nil
	}
	bytes, err := letterEncoding.DecodeString(p.letters)
	return string(bytes), err
}

func (t *typedSheet) addPart(p passage) error {
	name, f := cutSettings(p.text)
	f.add("part", name)
	r := partRecord{stamp: t.stamp}
	var err error
	if r.part, r.of, err = f.ratio("part"); err != nil {
		return err
	}
	if r.seal, err = parseSeal(f); err != nil {
		return err
	}
	if r.data, err = t.data(p, f, partThing(r.part)); err == nil && r.data != "" {
		t.records = append(t.records, r)
	}
	return err
}

func (t *typedSheet) addShare(p passage) error {
	name, f := cutSettings(p.text)
	f.add("share", name)
	r := shareRecord{stamp: t.stamp, commitment: f.get("commitment")}
	var err error
	if r.share, r.of, err = f.ratio("share"); err != nil {
		return err
	}
	if r.need, err = f.whole("need", 2, 0); err != nil {
		return err
	}
	if r.value, err = t.data(p, f, shareThing(r.share)); err != nil || r.value == "" {
		return err
	}
	if err = r.validate(); err == nil {
		t.records = append(t.records, r)
	}
	return err
}

func (t *typedSheet) addCommitment(p passage) error {
	name, f := cutSettings(p.text)
	data, err := t.data(p, f, commitmentThing(name))
	if err != nil || data == "" {
		return err
	}
	for _, r := range commitmentRecords(t.stamp, []byte(data)) {
		if r.commitment != name {
			return fmt.Errorf("%w: the commitment", ErrDamaged)
		}
		t.records = append(t.records, r)
	}
	return nil
}

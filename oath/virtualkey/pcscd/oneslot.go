package pcscd

import (
	"bytes"
	"debug/elf"
	"errors"
	"slices"
)

// leaveOneSlot changes the driver so that its reader has one slot.
//
// That it has two is in the code of IFDHGetCapabilities, by which the driver answers
// questions about the reader, pcscd's and its own about the card. A reader that does
// not answer has one slot. So the name leads pcscd to IFDHSetCapabilities instead,
// which takes the same parameters and supports nothing; and the driver's own calls go
// by another name, that of a constant which nobody looks up, vicc_max_slots. See
// virtualsmartcard/src/ifd-vpcd/ifd-vpcd.c of
// https://github.com/frankmorgner/vsmartcard, and elf(5).
func leaveOneSlot(driver []byte) error {
	library, err := elf.NewFile(bytes.NewReader(driver))
	if err != nil {
		return err
	}
	if library.Class != elf.ELFCLASS64 {
		return errors.New("not a driver of 64 bits")
	}
	symbols, err := library.DynamicSymbols()
	if err != nil {
		return err
	}
	find := func(name string) int {
		return slices.IndexFunc(symbols, func(s elf.Symbol) bool { return s.Name == name && s.Section != elf.SHN_UNDEF })
	}
	get, set, spare := find("IFDHGetCapabilities"), find("IFDHSetCapabilities"), find("vicc_max_slots")
	table := library.SectionByType(elf.SHT_DYNSYM)
	if get < 0 || set < 0 || spare < 0 || table == nil || table.Offset+table.Size > uint64(len(driver)) {
		return errors.New("not a driver of vsmartcard")
	}
	// Symbols are counted from 1.
	const symbolSize, valueAt = 24, 8
	point := func(symbol int, value uint64) {
		library.ByteOrder.PutUint64(driver[table.Offset+uint64(1+symbol)*symbolSize+valueAt:], value)
	}
	point(get, symbols[set].Value)
	point(spare, symbols[get].Value)

	const callSize, symbolAt = 24, 8 // the upper half is the symbol
	for _, section := range library.Sections {
		if section.Type != elf.SHT_RELA || section.Offset+section.Size > uint64(len(driver)) {
			continue
		}
		calls := driver[section.Offset:][:section.Size]
		for ; len(calls) >= callSize; calls = calls[callSize:] {
			info := library.ByteOrder.Uint64(calls[symbolAt:])
			if elf.R_SYM64(info) == uint32(1+get) {
				library.ByteOrder.PutUint64(calls[symbolAt:], elf.R_INFO(uint32(1+spare), elf.R_TYPE64(info)))
			}
		}
	}
	return nil
}

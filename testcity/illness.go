package testcity

// curve is a share in per cent at the ages 0, 10, 20 ... 90, straight in between.
type curve [10]float64

func (c *curve) at(age float64) float64 {
	i := min(int(age/10), 8)
	part := min(age/10-float64(i), 1)
	return (c[i] + (c[i+1]-c[i])*part) / 100
}

// remedy is a medicine of an illness and its share among those who are treated.
type remedy struct {
	atc   string
	share float64
}

// illness is a lasting illness of the made-up city. The shares are assumptions of
// the right order of magnitude: see data/README.md.
type illness struct {
	code       string // ICD-10
	men, women curve
	remedies   []remedy
	treated    float64 // share who have a medicine at all
	controlled bool    // is followed at yearly controls
	panel      panel   // what is measured there
	risk       float64 // raises the rate of stays in hospital by so much
}

// panel is a set of laboratory tests.
type panel uint16

const (
	bloodPressure panel = 1 << iota
	glucose
	lipids
	kidney
	haematology
	thyroid
	weight
	spirometry
	coagulation
	albumin
	mood
	memory
)

// The places in illnesses that other parts of a history look at.
const (
	hypertension = iota
	diabetes2
	diabetes1
	dyslipidaemia
	fibrillation
	heartFailure
	coronary
	stroke
	kidneyDisease
	asthma
	copd
	depression
	alcoholism
	psychosis
	dementia
	obesity
	osteoporosis
)

// illnesses lists what people of the city have.
func illnesses() []illness {
	return []illness{
		hypertension: {"I10", curve{0, 0, 1, 4, 12, 26, 42, 54, 60, 60}, curve{0, 0, 0.5, 2.5, 9, 22, 38, 54, 64, 66},
			[]remedy{{"C09AA05", 0.3}, {"C09CA06", 0.25}, {"C08CA01", 0.3}, {"C07AB07", 0.2}, {"C03AA03", 0.12}, {"C09BA05", 0.1}}, 0.82, true, bloodPressure | lipids | kidney | weight, 0.05},
		diabetes2: {"E11.9", curve{0, 0, 0.2, 1, 3.5, 8, 14, 19, 20, 17}, curve{0, 0, 0.2, 0.8, 2.2, 5, 9.5, 14, 16, 15},
			[]remedy{{"A10BA02", 0.75}, {"A10BK01", 0.22}, {"A10BH01", 0.25}, {"A10BJ02", 0.1}, {"A10AE04", 0.2}}, 0.86, true, glucose | lipids | kidney | bloodPressure | weight | albumin, 0.1},
		diabetes1: {"E10.9", curve{0.1, 0.6, 0.9, 1, 1, 0.9, 0.8, 0.6, 0.4, 0.3}, curve{0.1, 0.5, 0.7, 0.8, 0.8, 0.7, 0.6, 0.5, 0.3, 0.2},
			[]remedy{{"A10AB05", 1}, {"A10AE04", 1}}, 1, true, glucose | lipids | kidney | bloodPressure | albumin, 0.15},
		dyslipidaemia: {"E78.0", curve{0, 0, 0.5, 2, 6, 15, 26, 33, 32, 24}, curve{0, 0, 0.5, 1.5, 4, 11, 24, 34, 34, 25},
			[]remedy{{"C10AA05", 0.45}, {"C10AA07", 0.35}, {"C10AA01", 0.25}, {"C10AX09", 0.06}}, 0.72, true, lipids, 0},
		fibrillation: {"I48.9", curve{0, 0, 0, 0.2, 0.6, 1.8, 5, 11, 18, 22}, curve{0, 0, 0, 0.1, 0.3, 0.8, 2.8, 7.5, 15, 20},
			[]remedy{{"B01AF02", 0.4}, {"B01AF01", 0.2}, {"B01AA03", 0.28}, {"C07AB07", 0.5}}, 0.87, true, bloodPressure | kidney | haematology | coagulation, 0.15},
		heartFailure: {"I50.9", curve{0, 0, 0, 0.1, 0.3, 0.8, 2, 5, 11, 18}, curve{0, 0, 0, 0, 0.1, 0.4, 1.2, 3.5, 9, 17},
			[]remedy{{"C03CA01", 0.7}, {"C07AB07", 0.7}, {"C09AA05", 0.5}, {"C03DA01", 0.3}}, 0.9, true, bloodPressure | kidney | haematology | weight, 0.4},
		coronary: {"I25.1", curve{0, 0, 0, 0.2, 1, 3.5, 9, 16, 22, 24}, curve{0, 0, 0, 0.1, 0.3, 1, 3, 7.5, 14, 18},
			[]remedy{{"B01AC06", 0.75}, {"C10AA05", 0.7}, {"C07AB07", 0.6}}, 0.93, true, bloodPressure | lipids | kidney, 0.2},
		stroke: {"I63.9", curve{0, 0, 0, 0.1, 0.4, 1.2, 3, 6, 9, 11}, curve{0, 0, 0, 0.1, 0.3, 0.8, 1.8, 4, 7, 10},
			[]remedy{{"B01AC04", 0.6}, {"B01AC06", 0.3}, {"C10AA05", 0.6}}, 0.9, true, bloodPressure | lipids, 0.25},
		kidneyDisease: {"N18.3", curve{0, 0, 0.1, 0.2, 0.4, 1, 2.6, 6.5, 13, 20}, curve{0, 0, 0.1, 0.2, 0.4, 1, 2.5, 6.5, 14, 22},
			[]remedy{{"C09AA05", 0.6}}, 0.6, true, kidney | bloodPressure | haematology | albumin, 0.2},
		asthma: {"J45.9", curve{2, 6, 6, 6, 7, 8, 9, 9, 8, 6}, curve{1.5, 4.5, 7, 8, 9.5, 11, 12, 12, 10, 7},
			[]remedy{{"R03AC02", 0.8}, {"R03BA02", 0.5}, {"R03AK07", 0.45}}, 0.9, true, spirometry, 0.03},
		copd: {"J44.9", curve{0, 0, 0, 0, 0.5, 2, 4.5, 6.5, 7, 5}, curve{0, 0, 0, 0, 0.4, 1.6, 3.5, 5, 4.5, 3},
			[]remedy{{"R03BB04", 0.6}, {"R03AK07", 0.45}, {"R03AC02", 0.6}}, 0.85, true, spirometry, 0.25},
		depression: {"F32.9", curve{0, 1, 7, 7.5, 7.5, 7, 6, 4.5, 4.5, 4.5}, curve{0, 2, 12, 11, 10.5, 10, 8.5, 6.5, 6.5, 6.5},
			[]remedy{{"N06AB10", 0.35}, {"N06AB04", 0.2}, {"N06AX11", 0.3}, {"N06AX16", 0.2}}, 0.68, true, mood, 0.06},
		alcoholism: {"F10.2", curve{0, 0, 1.2, 2.2, 3, 3.8, 3.4, 2, 0.8, 0.3}, curve{0, 0, 0.6, 0.8, 1, 1.2, 1, 0.5, 0.2, 0.1},
			[]remedy{{"N07BB04", 0.3}, {"N07BB01", 0.2}}, 0.3, true, haematology | mood, 0.4},
		psychosis: {"F20.9", curve{0, 0, 0.6, 1, 1.1, 1.2, 1.2, 1, 0.6, 0.4}, curve{0, 0, 0.4, 0.7, 0.9, 1.1, 1.2, 1.1, 0.8, 0.5},
			[]remedy{{"N05AH03", 0.45}, {"N05AH02", 0.25}, {"N05AX13", 0.2}}, 0.92, true, glucose | lipids | weight, 0.5},
		dementia: {"G30.1", curve{0, 0, 0, 0, 0, 0.1, 0.7, 3.5, 13, 28}, curve{0, 0, 0, 0, 0, 0.1, 0.7, 4, 16, 36},
			[]remedy{{"N06DA02", 0.6}, {"N06DX01", 0.35}}, 0.75, true, memory | bloodPressure, 0.5},
		obesity: {"E66.9", curve{0.3, 1.5, 3, 5, 7, 8, 8, 6, 3, 1}, curve{0.3, 1.5, 4, 6.5, 8, 9, 9, 7, 4, 1}, nil, 0, false, weight | glucose, 0.02},
		osteoporosis: {"M81.9", curve{0, 0, 0, 0, 0.1, 0.4, 1, 2.4, 4.5, 6}, curve{0, 0, 0, 0.1, 0.3, 1.5, 5, 11, 18, 20},
			[]remedy{{"M05BA04", 0.55}, {"M05BX04", 0.2}, {"A12AX", 0.7}}, 0.7, false, 0, 0.05},
		{"E03.9", curve{0, 0.1, 0.4, 0.8, 1.2, 1.8, 2.5, 3.5, 4, 4.5}, curve{0.1, 0.4, 2, 4, 6, 8.5, 11, 13, 13.5, 13}, []remedy{{"H03AA01", 1}}, 0.98, true, thyroid, 0},
		{"M17.9", curve{0, 0, 0, 0.3, 1, 4, 9, 14, 17, 17}, curve{0, 0, 0, 0.3, 1.2, 5, 13, 22, 28, 29}, []remedy{{"N02BE01", 0.7}, {"M01AE01", 0.3}}, 0.6, false, 0, 0.03},
		{"F41.9", curve{0.1, 1.5, 5, 5, 4.5, 4, 3, 2, 2, 2}, curve{0.1, 3, 9, 8, 7, 6, 4.5, 3.5, 3.5, 3.5}, []remedy{{"N06AB10", 0.4}, {"N05BA04", 0.2}}, 0.5, false, 0, 0.02},
		{"J30.1", curve{1, 9, 14, 14, 12, 9, 6, 4, 3, 2}, curve{1, 7, 14, 15, 13, 10, 7, 5, 3, 2}, []remedy{{"R06AX27", 0.4}, {"R01AD08", 0.3}}, 0.5, false, 0, 0},
		{"L20.9", curve{9, 10, 5, 4, 3, 2.5, 2, 2, 2, 2}, curve{8, 10, 7, 5, 4, 3, 2, 2, 2, 2}, []remedy{{"D07AC13", 0.6}}, 0.6, false, 0, 0},
		{"M54.5", curve{0, 0.5, 5, 8, 10, 12, 11, 9, 8, 6}, curve{0, 0.7, 6, 9, 11, 13, 12, 11, 10, 8}, []remedy{{"M01AE01", 0.4}, {"N02BE01", 0.3}}, 0.5, false, 0, 0},
		{"G43.9", curve{0.2, 1.5, 3, 3.5, 3.5, 3, 2, 1, 0.5, 0.3}, curve{0.2, 2, 7, 9, 9.5, 8, 4.5, 2, 1, 0.5}, []remedy{{"N02CC01", 0.6}}, 0.6, false, 0, 0},
		{"K21.9", curve{0.2, 0.3, 1, 2, 4, 6, 8, 9, 9, 8}, curve{0.2, 0.3, 1, 2, 4, 7, 9, 11, 11, 9}, []remedy{{"A02BC01", 0.5}, {"A02BC02", 0.4}}, 0.85, false, 0, 0},
		{"N40", curve{0, 0, 0, 0, 0.5, 4, 13, 22, 27, 26}, curve{}, []remedy{{"G04CA02", 0.7}, {"G04CB01", 0.2}}, 0.7, false, 0, 0.02},
		{"G47.3", curve{0.1, 0.1, 0.4, 2, 5, 8, 10, 9, 5, 2}, curve{0.1, 0.1, 0.2, 0.7, 2, 4, 5, 5, 3, 1}, nil, 0, false, 0, 0.02},
		{"H40.1", curve{0, 0, 0, 0.1, 0.4, 1.2, 3, 6.5, 10, 12}, curve{0, 0, 0, 0.1, 0.4, 1.3, 3.5, 8, 12, 14}, []remedy{{"S01EE01", 0.7}}, 0.92, false, 0, 0},
		{"G40.9", curve{0.4, 0.7, 0.8, 0.9, 1, 1, 1.1, 1.3, 1.5, 1.5}, curve{0.4, 0.7, 0.8, 0.8, 0.9, 0.9, 1, 1.2, 1.3, 1.3}, []remedy{{"N03AX14", 0.4}, {"N03AG01", 0.3}, {"N03AX09", 0.2}}, 0.9, false, 0, 0.1},
		{"M05.9", curve{0, 0, 0.1, 0.2, 0.4, 0.7, 1.1, 1.5, 1.4, 1}, curve{0, 0.1, 0.2, 0.5, 0.9, 1.5, 2.2, 2.8, 2.5, 1.8}, []remedy{{"L04AX03", 0.7}, {"H02AB06", 0.3}}, 0.9, true, haematology, 0.06},
		{"L40.0", curve{0.2, 0.8, 1.8, 2.4, 3, 3.4, 3.4, 3, 2.3, 1.5}, curve{0.2, 0.8, 1.8, 2.3, 2.7, 3, 3, 2.6, 2, 1.3}, []remedy{{"D05AX52", 0.5}}, 0.5, false, 0, 0},
		{"F90.0", curve{0.3, 5, 2.5, 1.2, 0.6, 0.3, 0.1, 0, 0, 0}, curve{0.1, 2, 2, 1.2, 0.7, 0.3, 0.1, 0, 0, 0}, []remedy{{"N06BA04", 0.8}}, 0.7, false, 0, 0},
		{"C50.9", curve{}, curve{0, 0, 0, 0.1, 0.7, 2.2, 4.3, 6, 6.5, 6.5}, []remedy{{"L02BG03", 0.3}, {"L02BA01", 0.15}}, 0.4, false, 0, 0.15},
		{"C61", curve{0, 0, 0, 0, 0, 0.8, 4, 10, 13, 12}, curve{}, []remedy{{"L02AE02", 0.25}}, 0.25, false, 0, 0.12},
		{"C18.9", curve{0, 0, 0, 0, 0.1, 0.3, 0.8, 1.7, 2.4, 2.6}, curve{0, 0, 0, 0, 0.1, 0.3, 0.7, 1.4, 2.2, 2.5}, nil, 0, false, 0, 0.2},
	}
}

// complaint is an illness that passes.
type complaint struct {
	code   string
	weight [4]float64 // at 0-6, 7-17, 18-64, 65 and over
	atc    string
	share  float64 // who get the medicine
	days   int32
}

func complaints() []complaint {
	return []complaint{
		{"J06.9", [4]float64{40, 25, 20, 10}, "", 0, 10}, {"H66.9", [4]float64{22, 4, 1, 0.5}, "J01CA04", 0.8, 10}, {"J20.9", [4]float64{6, 4, 7, 8}, "J01AA02", 0.2, 14},
		{"J01.9", [4]float64{1, 4, 9, 5}, "J01CA04", 0.6, 10}, {"J03.9", [4]float64{3, 8, 5, 1}, "J01CE02", 0.7, 10}, {"N30.0", [4]float64{1, 2, 7, 12}, "J01CA08", 0.9, 5},
		{"A09.9", [4]float64{8, 5, 5, 4}, "", 0, 5}, {"S93.4", [4]float64{1, 8, 5, 2}, "M01AE01", 0.3, 30}, {"S52.5", [4]float64{1, 4, 1, 4}, "N02BE01", 0.5, 60},
		{"L03.9", [4]float64{1, 1, 2, 4}, "J01DB01", 0.9, 14}, {"R10.4", [4]float64{4, 8, 8, 7}, "", 0, 7}, {"M25.5", [4]float64{0.5, 5, 9, 12}, "M01AE01", 0.4, 30},
		{"R51", [4]float64{0.5, 5, 6, 4}, "N02BE01", 0.3, 7}, {"M79.1", [4]float64{0.2, 1, 5, 6}, "M01AE01", 0.4, 21}, {"R07.4", [4]float64{0, 0.5, 4, 8}, "", 0, 3},
		{"J18.9", [4]float64{1.5, 1, 1.5, 6}, "J01CA04", 0.8, 21}, {"H10.9", [4]float64{8, 3, 2, 2}, "S01AA13", 0.6, 7}, {"B34.9", [4]float64{8, 6, 4, 2}, "", 0, 7},
	}
}

// Package archtest holds the test that the packages import each other only as the design draws it: data goes one way,
// plugins know the core and not each other, and the hive engine never hears of domains.
package archtest

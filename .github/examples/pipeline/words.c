/* Counts the words of its standard input. */
#include <ctype.h>
#include <stdio.h>

int main(void) {
  unsigned long words = 0;
  int c, in_word = 0;
  while ((c = getchar()) != EOF) {
    if (!isspace(c) && !in_word) ++words;
    in_word = !isspace(c);
  }
  printf("%lu\n", words);
  return 0;
}

/** A text that terraform is to take as it is: `${` and `%{` begin an expression in its strings. */
export function literal(text: string): string {
  return text.replaceAll('${', '$${').replaceAll('%{', '%%{');
}

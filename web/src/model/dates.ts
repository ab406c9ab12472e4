/* Daily notes, as Roam names them: uid 11-22-2026, title "November 22nd, 2026". */

const MONTHS = [
  'January', 'February', 'March', 'April', 'May', 'June',
  'July', 'August', 'September', 'October', 'November', 'December',
];

export interface DayPage {
  readonly uid: string;
  readonly title: string;
}

export function dayPage(date: Date): DayPage {
  const [year, month, day] = [date.getFullYear(), date.getMonth(), date.getDate()];
  const pad = (number: number): string => String(number).padStart(2, '0');
  return {
    uid: `${pad(month + 1)}-${pad(day)}-${year}`,
    title: `${MONTHS[month]} ${day}${ordinal(day)}, ${year}`,
  };
}

/* The same time on a day before or after; days have 23 to 25 hours. */
export function dayFrom(date: Date, days: number): Date {
  const day = new Date(date);
  day.setDate(date.getDate() + days);
  return day;
}

function ordinal(day: number): string {
  if (day >= 11 && day <= 13) return 'th';
  return ['th', 'st', 'nd', 'rd'][day % 10] ?? 'th';
}

/* The day of a daily note's uid. */
export function dayOfUid(uid: string): Date | undefined {
  const match = /^(\d\d)-(\d\d)-(\d{4})$/.exec(uid);
  if (!match) return undefined;
  const date = new Date(Number(match[3]), Number(match[1]) - 1, Number(match[2]));
  return dayPage(date).uid === uid ? date : undefined;
}

const TITLE = /^([A-Z][a-z]+) (\d{1,2})[a-z]{2}, (\d{4})$/;

/* The uid of the daily note that has a title, if a daily note has it. */
export function dayUidOfTitle(title: string): string | undefined {
  const match = TITLE.exec(title);
  if (!match) return undefined;
  const page = dayPage(new Date(Number(match[3]), MONTHS.indexOf(match[1]!), Number(match[2])));
  return page.title === title ? page.uid : undefined;
}

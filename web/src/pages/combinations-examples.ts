/** Models to begin with, by the key of their name. */
export const examples = {
  'combinations.exampleBrowser': `OS: Windows, macOS, Linux, Android, iOS
Browser: Chrome, Firefox, Safari, Edge
Language: en, zh-CN, ru
Theme: light, dark
Width: 360, 768, 1280, 1920

IF [Browser] = "Safari" THEN [OS] IN {"macOS", "iOS"};
IF [Browser] = "Edge" THEN [OS] IN {"Windows", "macOS"};
IF [OS] IN {"Android", "iOS"} THEN [Width] <= 768;
`,
  'combinations.exampleLogin': `User: known, unknown, locked
Password: right, wrong, expired, ~empty
SecondFactor: none, app, sms
Remember: yes, no

IF [User] = "unknown" THEN [SecondFactor] = "none";
IF [User] = "locked" THEN [Password] <> "expired";
`,
  'combinations.exampleOrder': `Payment: card (5), transfer, voucher, ~none
Shipping: parcel (3), express, pickup
Items: 1, 2, 10, 100
Customer: new, regular, business
Discount: 0, 5, 50

{ Payment, Customer, Discount } @ 3

IF [Shipping] = "pickup" THEN [Items] <= 10;
`,
} as const

/** Name of an example. */
export type ExampleKey = keyof typeof examples

/** Names of the examples in their order. */
export const exampleKeys = Object.keys(examples) as readonly ExampleKey[]

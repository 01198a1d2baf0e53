// A program that uses the client that is generated from the contract: compiled, it checks the types of both.

import { createClient } from "./client/index.js"
import { countryPublication, countryTimeline, getIncident, reportIncident } from "./sdk.gen.js"
import type { Entry, ProblemDocument } from "./types.gen.js"

export async function read(baseUrl: string, key: string) {
  const client = createClient({ baseUrl, headers: { Authorization: `Bearer ${key}` } })
  const path = { code: "AFG" }

  const titles: string[] = []
  let cursor: string | undefined
  do {
    const { data: page } = await countryTimeline({ client, path, query: { limit: 20, cursor } })
    if (!page) throw new Error("no page")
    titles.push(...page.items.map(({ title }: Entry) => title))
    cursor = page.next ? (new URL(page.next).searchParams.get("cursor") ?? undefined) : undefined
  } while (cursor)

  const query = { type: ["attack" as const], status: ["reported" as const, "disputed" as const] }
  const { data: csv } = await countryPublication({ client, path: { ...path, suffix: "csv" }, query })

  const { error, response } = await countryTimeline({ client, path: { code: "XYZ" } })
  const problem: ProblemDocument | undefined = error

  // @ts-expect-error: there is no such type of incident
  const { error: refused } = await countryTimeline({ client, path, query: { type: ["atack"] } })

  const { data: reported } = await reportIncident({
    client,
    headers: { "Idempotency-Key": "once" },
    body: {
      title: "Attack on a border checkpoint",
      type: "attack",
      occurred: "2021-06-22",
      source: { name: "A newspaper", published: "2021-06-23" },
    },
  })
  if (!reported || !("incident" in reported)) throw new Error("not reported")
  const { data: found } = await getIncident({ client, path: { incident_id: reported.incident.id } })

  return {
    titles,
    csv,
    problem: { ...problem, answered: response?.status },
    faults: refused?.faults,
    reported: { id: reported.incident.id, title: found?.incident.title, accounts: found?.accounts.length },
  }
}
